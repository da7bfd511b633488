"""Counting the changes of a merchant's zones, and the places that callers name by number.

The numbers are those that programs for Iraqi couriers have built in; `manage.py places` loads more.
"""

from typing import Any, ClassVar

from django.db import migrations

FORWARD = """
CREATE FUNCTION wasl_zones_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE destinations_merchant SET zones_version = zones_version + 1 WHERE id IN (OLD.merchant_id, NEW.merchant_id);
    RETURN NULL;
END $$;

CREATE TRIGGER zones_have_versions AFTER INSERT OR UPDATE OR DELETE ON destinations_coveragezone
    FOR EACH ROW EXECUTE FUNCTION wasl_zones_changed();
"""
BACKWARD = """
DROP TRIGGER zones_have_versions ON destinations_coveragezone;
DROP FUNCTION wasl_zones_changed();
"""

CITIES = [
    (1, "بغداد"),
    (2, "كربلاء"),
    (3, "الانبار"),
    (4, "الحلة - بابل"),
    (5, "البصرة"),
    (6, "دهوك"),
    (7, "ديالى"),
    (8, "اربيل"),
    (9, "كركوك"),
    (10, "العمارة - ميسان"),
    (11, "السماوة - المثنى"),
    (12, "النجف"),
    (13, "نينوى"),
    (14, "الديوانية - القادسية"),
    (15, "صلاح الدين"),
    (16, "السليمانية"),
    (17, "الناصرية - ذي قار"),
    (18, "الكوت - واسط"),
]
REGIONS = [(1, 1, "شارع فلسطين"), (508, 1, "المنصور"), (509, 1, "العلاوي"), (510, 1, "شارع حيفا")]
# "Elsewhere" of each city, the first first.
OTHER = [
    5755, 5407, 5408, 5409, 5429, 5411, 5746, 5413, 5414, 5426, 5753, 5417, 5418, 5419, 5420, 5421, 5428, 5423,
]  # fmt: skip
SIZES = [(1, "عادي"), (2, "متوسط"), (3, "كبير"), (4, "كبير جدا")]


def load(apps: Any, schema_editor: Any) -> None:
    city, region, size = (apps.get_model("destinations", name) for name in ("City", "Region", "PackageSize"))
    city.objects.bulk_create(city(id=number, name=name) for number, name in CITIES)
    region.objects.bulk_create(region(id=number, city_id=of, name=name) for number, of, name in REGIONS)
    region.objects.bulk_create(region(id=number, city_id=of, name="اخرى") for of, number in enumerate(OTHER, start=1))
    size.objects.bulk_create(size(id=number, name=name) for number, name in SIZES)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("destinations", "0003_places_and_people")]
    operations: ClassVar = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.RunPython(load, migrations.RunPython.noop),
    ]
