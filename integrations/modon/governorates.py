"""How people write the governorates of Iraq and the cities that stand for them, in Arabic and Latin letters.

`weak` names mean something else as well (العمارة is a city, and "the building"; القادسية is a quarter of many cities):
they count where a city is asked for, and in running text only after a word like محافظة.
"""

GOVERNORATES: tuple[tuple[str, str], ...] = (
    ("بغداد, baghdad, bagdad", ""),
    ("كربلاء, كربلا, karbala, karbalaa, kerbala", ""),
    ("الانبار, الرمادي, الفلوجة, anbar, ramadi, fallujah, falluja", ""),
    ("بابل, الحلة, babil, hilla, hillah", "babylon"),
    ("البصرة, بصرة, basra, basrah", ""),
    ("دهوك, دهوگ, duhok, dohuk, dahuk", ""),
    ("ديالى, بعقوبة, diyala, diala, baqubah, baquba", ""),
    ("اربيل, هولير, هەولێر, erbil, arbil, irbil, hewler, hawler", ""),
    ("كركوك, kirkuk, karkuk, kerkuk", ""),
    ("ميسان, maysan, missan, misan, amarah", "العمارة, amara"),
    ("السماوة, سماوة, samawah, samawa", "المثنى, muthanna, muthana"),
    ("النجف, نجف, الكوفة, najaf, kufa, kufah", ""),
    ("نينوى, الموصل, موصل, nineveh, ninawa, ninewa, mosul", ""),
    ("الديوانية, diwaniyah, diwaniya, diwania", "القادسية, qadisiyah, qadisiya, qadisiyyah"),
    ("تكريت, سامراء, tikrit, samarra", "صلاح الدين, salah al din, salahaddin, salahuddin, saladin"),
    (
        "السليمانية, سليمانية, سلێمانی, sulaymaniyah, sulaymaniya, sulaimaniyah, sulaimaniya, sulaimani, slemani",
        "",
    ),
    ("ذي قار, ذيقار, الناصرية, ناصرية, dhi qar, thi qar, dhiqar, thiqar, nasiriyah, nasiriya, nasriyah, nasriya", ""),
    ("واسط, الكوت, wasit, kut", ""),
)
