"""Modon's words. OUT is what a caller of ours sees; IN is what a carrier that speaks Modon means by a number."""

from zoneinfo import ZoneInfo

from orders.models import Order
from orders.statuses import Failure, Mark, Status

TIME_ZONE = ZoneInfo("Asia/Baghdad")
UNSET_TIME = "0000-00-00 00:00:00"
CURRENCY = "IQD"
# "There is none", with the document's letters; some keyboards have the other yeh.
NONE = "لا یوجد"
NONES = (NONE, "لا يوجد")
LOST = "فقد الطلب"
REFUSED = "رفضت شركة التوصيل هذا الطلب"
REFUSED_FIELD = "رفضت شركة التوصيل الطلب بسبب هذا الحقل"
NO_ACCESS = "ليس لديك صلاحية الوصول"
# Clients take a text with one of these for an expired token, and log in again for ever.
MISLEADING = ("token", "login", "auth", "دخول")
MAX_LOOKED_UP = 25

STATUSES = {
    0: "معطل او غير فعال",
    1: "فعال ( قيد التجهير)",
    2: "تم استلام الطلب من قبل المندوب",
    3: "قيد التوصيل الى الزبون (في عهدة المندوب)",
    4: "تم التسليم للزبون",
    5: "في موقع فرز بغداد",
    6: "في مكتب (المحافظة)",
    7: "في الطريق الى مكتب المحافظة",
    8: "في مخزن بغداد",
    9: "في طريقه للمحافظة",
    10: "وصل الى مكتب المحافظة",
    11: "تم استلامه من قبل المكتب",
    12: "في مخزن مرتجع المحافظة",
    13: "في مخزن مرتجع بغداد",
    14: "اعادة الارسال الى الزبون",
    15: "ارجاع الى التاجر",
    16: "قيد الارجاع الى التاجر (في عهدة المندوب)",
    17: "تم الارجاع الى التاجر",
    18: "تغيير سعر",
    19: "ارجاع بعد الاستلام",
    20: "تبديل بعد التوصيل",
    21: "تم التسليم للزبون واستلام منة الاسترجاع",
    22: "ارسال الى الفزر",
    23: "ارسال الى مخزن الارجاعات",
    24: "تم تغيير محافظة الزبون",
    25: "لا يرد",
    26: "لا يرد بعد الاتفاق",
    27: "مغلق",
    28: "مغلق بعد الاتفاق",
    29: "مؤجل",
    30: "مؤجل لحين اعادة الطلب لاحقا",
    31: "الغاء الطلب",
    32: "رفض الطلب",
    33: "مفصول عن الخدمة",
    34: "طلب مكرر",
    35: "مستلم مسبقا",
    36: "الرقم غير معرف",
    37: "الرقم غير داخل في الخدمة",
    38: "العنوان غير دقيق",
    39: "لم يطلب",
    40: "حظر المندوب",
    41: "لا يمكن الاتصال بالرقم",
    42: "تغيير المندوب",
    43: "تغيير العنوان",
    44: "اخراج من المخزن وارسالة الى الفرز",
}

# --- Out ------------------------------------------------------------------------------------------------------------
OUT = {
    Status.CREATED: 1,
    Status.DISPATCHED: 1,
    Status.ACCEPTED: 1,
    Status.PICKED_UP: 2,
    Status.IN_TRANSIT: 3,
    Status.DELIVERED: 4,
    Status.CANCELLED: 0,
    Status.RETURNED: 17,
    Status.LOST: 0,
}
OUT_MARKED = {Mark.DELAYED: 29, Mark.ATTEMPT_FAILED: 25, Mark.RETURNING: 16}
OUT_REPLACED = 21
OUT_REFUSED = 32

# --- In: number → status and mark. 18 is about money, and no status. ------------------------------------------------
IN: dict[int, tuple[Status, str]] = {
    0: (Status.CANCELLED, ""),
    1: (Status.ACCEPTED, ""),
    2: (Status.PICKED_UP, ""),
    **dict.fromkeys((3, *range(5, 12), 22, 24, 42, 43, 44), (Status.IN_TRANSIT, "")),
    **dict.fromkeys((14, 29, 30), (Status.IN_TRANSIT, Mark.DELAYED)),
    **dict.fromkeys((*range(25, 29), *range(31, 42)), (Status.IN_TRANSIT, Mark.ATTEMPT_FAILED)),
    **dict.fromkeys((12, 13, 15, 16, 23), (Status.IN_TRANSIT, Mark.RETURNING)),
    **dict.fromkeys((4, 20, 21), (Status.DELIVERED, "")),
    **dict.fromkeys((17, 19), (Status.RETURNED, "")),
}


def status_id(order: Order) -> int:
    """While a cancel is on its way the number before it is shown. What no carrier took is still with the merchant;
    what a carrier could not deliver was refused at the door."""
    status = order.status_before if order.status == Status.CANCELLING else order.status
    if status == Status.FAILED:
        # A cancel forgets of what kind the failure was, but is only on its way where a carrier has the parcel.
        return OUT[Status.ACCEPTED] if order.failure == Failure.DISPATCH else OUT_REFUSED
    if status == Status.IN_TRANSIT and order.mark:
        return OUT_MARKED[Mark(order.mark)]
    if status == Status.DELIVERED and is_replacement(order):
        return OUT_REPLACED
    return OUT[Status(status)]


def is_replacement(order: Order) -> bool:
    """The courier brings something and takes something back."""
    return order.extras.get("replacement") == "1"
