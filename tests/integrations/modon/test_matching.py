"""Addresses as people write them, held against the carrier's list. A wrong place is worse than none."""

import pytest

from integrations.modon.matching import Written, cities_of, city_names, regions_of
from tests.integrations.modon.api import example

CITIES = {
    "1": "بغداد", "2": "كربلاء", "3": "الانبار", "4": "الحلة - بابل", "5": "البصرة", "6": "دهوك", "7": "ديالى",
    "8": "اربيل", "9": "كركوك", "10": "العمارة - ميسان", "11": "السماوة - المثنى", "12": "النجف", "13": "نينوى",
    "14": "الديوانية - القادسية", "15": "صلاح الدين", "16": "السليمانية", "17": "الناصرية - ذي قار",
    "18": "الكوت - واسط",
}  # fmt: skip
REGIONS = {
    "1": "شارع فلسطين", "508": "المنصور", "509": "العلاوي", "510": "شارع حيفا", "520": "الكرادة",
    "521": "الكرادة داخل", "522": "حي الجامعة", "523": "السلام", "524": "بغداد الجديدة", "525": "القادسية",
    "526": "العمارة", "530": "زيونة", "531": "بغداد", "540": "الجزيرة", "541": "الجزيره", "5755": "اخرى",
}  # fmt: skip
NAMES = city_names(CITIES)


def city(*texts: str, **parts: str) -> str:
    return pop(cities_of(Written(tuple(parts.values()), (), texts), NAMES))


def pop(found: frozenset[str]) -> str:
    return next(iter(found)) if len(found) == 1 else "" if not found else "?"


@pytest.mark.parametrize(
    ("address", "number"),
    [
        # Every governorate, in both alphabets.
        ("بغداد، المنصور", "1"), ("Mansour, Baghdad", "1"), ("كربلاء المقدسة - حي الحسين", "2"), ("Karbala", "2"),
        ("الأنبار / الرمادي", "3"), ("Al-Anbar, Fallujah", "3"), ("الحلّة، شارع 40", "4"), ("Al Hilla, Babil", "4"),
        ("البصره العشار", "5"), ("AL-BASRAH - Ashar", "5"), ("دهوك", "6"), ("Dohuk", "6"), ("ديالى بعقوبة", "7"),
        ("Baqubah, Diyala", "7"), ("أربيل عنكاوا", "8"), ("إربيل", "8"), ("Erbil 100m st.", "8"), ("Hewler", "8"),
        ("كركوك رحيم اوه", "9"), ("Kirkuk", "9"), ("ميسان", "10"), ("Maysan, Amarah", "10"), ("مدينة العمارة", "10"),
        ("السماوة", "11"), ("As-Samawah", "11"), ("محافظة المثنى", "11"), ("النجف الأشرف حي الأمير", "12"),
        ("An Najaf, Kufa", "12"), ("الموصل الجانب الأيسر", "13"), ("Nineveh / Mosul", "13"), ("نينوي", "13"),
        ("الديوانية", "14"), ("Ad Diwaniyah", "14"), ("تكريت", "15"), ("محافظة صلاح الدين", "15"),
        ("السليمانية بختياري", "16"), ("As Sulaymaniyah", "16"), ("ذي قار الناصرية", "17"), ("Dhi-Qar", "17"),
        ("Nasiriyah", "17"), ("الكوت حي الجهاد", "18"), ("Wasit - Al Kut", "18"), ("Alkut", "18"),
        # Streets, bridges, quarters and garages that are called after a city.
        ("البصرة، شارع بغداد", "5"), ("Basra street, Baghdad", "1"), ("بغداد، جسر ديالى", "1"),
        ("بغداد، علاوي الحلة", "1"), ("بغداد، القادسية", "1"), ("بغداد، الكرادة، عمارة 5", "1"),
        ("بغداد الجديدة قرب مطعم كربلاء", "1"), ("University of Baghdad, Baghdad", "1"), ("كربلاء، طريق النجف", "2"),
        ("بغداد / حي البصرة", "1"), ("\u200fبغداد\u200f ،الشعب", "1"), ("بغداد\nحي العدل", "1"),
    ],
)  # fmt: skip
def test_cities_are_found(address: str, number: str) -> None:
    assert city(address) == number


@pytest.mark.parametrize(
    "address",
    [
        "Barsa", "Bahgdad", "Baghdadi street", "Kutt", "Irbill", "بغدااد", "البصرا", "النجفي", "كربلائي",
        "الكرادة، العمارة، الطابق الثاني", "القادسية", "حي صلاح الدين", "شارع بغداد", "Basra Road", "كوت رجالي مقاس 50",
        "حلة طبخ", "محل بيع انبار", "علاوي الحلة", "جسر ديالى", "قرب كراج كربلاء", "مجمع بابل السكني", "Babylon Hotel",
        "Kuwait City, Salmiya", "من بغداد الى البصرة", "بغداد او الموصل", "near Baghdad mall", "University of Mosul",
        "شركة نينوى", "ابو بغداد", "", "،،،", "12345", "🙂🙂",
    ],
)  # fmt: skip
def test_what_is_not_sure_is_left_to_a_person(address: str) -> None:
    assert city(address) in ("", "?")


def test_a_part_that_names_the_city() -> None:
    assert city("قرب الجسر", city="العمارة") == "10"
    assert city("", city="الحلة - بابل") == "4"
    assert city("", city="Babil Governorate") == "4"
    assert city("", city="القادسية") == "14"
    assert city("حي القادسية", state="محافظة واسط") == "18"
    assert city("", city="Kufa", state="Najaf") == "12"
    assert city("", city="Baghdad", state="Basra") == "?"
    assert city("البصرة، العشار", city="Baghdad") == "?"
    assert city("Baghdad, Mansour", city="Baghdad") == "1"
    assert city("", city="المنصور") == ""


def test_a_list_of_another_carrier_has_other_numbers() -> None:
    names = city_names({"77": "الموصل", "78": "نينوى اطراف", "79": "بابل"})
    assert cities_of(Written(texts=("Mosul",)), names) == {"77"}
    assert cities_of(Written(texts=("Hilla",)), names) == {"79"}
    assert not cities_of(Written(texts=("Baghdad",)), names)


def test_two_cities_of_one_governorate_are_not_mixed_up() -> None:
    names = city_names({"1": "الرمادي", "2": "الفلوجة"})
    assert cities_of(Written(texts=("الفلوجة",)), names) == {"2"}
    assert cities_of(Written(texts=("Anbar",)), names) == {"1", "2"}


def region(*texts: str, **parts: str) -> str:
    return pop(regions_of(Written((), tuple(parts.values()), texts), REGIONS, NAMES.of("1")))


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("بغداد، المنصور، شارع 14", "508"), ("بغداد حي المنصور", "508"), ("بغداد الكرادة داخل قرب المطعم", "521"),
        ("بغداد - الكراده", "520"), ("بغداد، شارع فلسطين", "1"), ("بغداد، شارع حيفا عمارة 3", "510"),
        ("بغداد حي سلام", "523"), ("زيونه قرب مول المنصور", "530"), ("بغداد الجديدة", "524"),
        ("بغداد، حي الجامعة", "522"), ("بغداد القادسية", "525"), ("بغداد، شارع فلسطین", "1"),
    ],
)  # fmt: skip
def test_regions_are_found(address: str, number: str) -> None:
    assert region(address) == number


@pytest.mark.parametrize(
    "address",
    [
        "بغداد", "بغداد قرب جامع المنصور", "بغداد، شارع المنصور", "بغداد بيت سلام", "بغداد، فلسطين", "بغداد، حيفا",
        "بغداد، جامعة", "بغداد المنصور الكرادة", "بغداد، الجزيرة", "بغداد، مناطق اخرى", "اخرى", "بغداد، المنصوري",
        "بغداد، مقابل العلاوي", "Baghdad, Mansour", "بغداد، شارع الكرادة داخل",
    ],
)  # fmt: skip
def test_regions_that_are_not_sure(address: str) -> None:
    assert region(address) in ("", "?")


def test_a_part_that_names_the_region() -> None:
    assert region("قرب المطعم", area="منصور") == "508"
    assert region("", region="بغداد") == "531"
    assert region("", area="الجزيرة") == "?"
    assert region("الكرادة", area="المنصور") == "508"
    assert region("", region="أخرى") == "5755"


def test_the_documents_names() -> None:
    """With the document's letters, which have another yeh."""
    row = example("orders")["data"][0]
    assert city(row["city_name"]) == "1"
    assert region("", area=row["region_name"]) == "1"
