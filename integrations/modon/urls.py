"""The paths, each also with a trailing slash: a redirect would lose a POST's body."""

from django.urls import path, re_path

from integrations.modon import pages as portal
from integrations.modon import views

CALLS = {
    "login": views.LogIn,
    "citys": views.Cities,
    "regions": views.Regions,
    "package-sizes": views.PackageSizes,
    "create-order": views.CreateOrder,
    "edit-order": views.EditOrder,
    "merchant-orders": views.MerchantOrders,
    "statuses": views.Statuses,
    "get-orders-by-ids-bulk": views.OrdersByIds,
    "get_merchant_invoices": views.Invoices,
    "get_merchant_invoice_orders": views.InvoiceOrders,
    "receive_merchant_invoice": views.ReceiveInvoice,
    "delete_orders": views.DeleteOrders,
    "delete-order": views.DeleteOrders,
}
urlpatterns = [re_path(rf"^v1/merchant/{call}/?$", view.as_view()) for call, view in CALLS.items()]
urlpatterns.append(re_path(r"^merchant/print-single-tcpdf/?$", views.Receipt.as_view()))
unknown = views.Unknown.as_view()
# Of the portal.
pages = [path("orders/<int:order_id>/place/", portal.place, name="order_place")]
