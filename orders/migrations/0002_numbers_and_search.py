"""Order numbers start at 1,000,000 (they show in MOV… and other native ids), and the index for substring search.

`wasl_trigrams` puts the merchant's id into every trigram, so that one index serves all merchants and a search reads
only its own merchant's part of it. The built-in GIN class for text arrays needs no extension.
"""

from typing import ClassVar

from django.db import migrations

FORWARD = """
ALTER TABLE orders_order ALTER COLUMN id RESTART WITH 1000000;

CREATE FUNCTION wasl_trigrams(merchant bigint, content text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT merchant || ':' || substr(content, position, 3)), '{}')
      FROM generate_series(1, length(content) - 2) AS position
$$;

CREATE INDEX orders_search ON orders_order USING gin (wasl_trigrams(merchant_id, search_text));
"""

BACKWARD = """
DROP INDEX orders_search;
DROP FUNCTION wasl_trigrams(bigint, text);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("orders", "0001_initial")]
    operations: ClassVar = [migrations.RunSQL(FORWARD, BACKWARD)]
