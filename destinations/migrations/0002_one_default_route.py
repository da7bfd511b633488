"""A source with routes has exactly one default, whose destination is active, and routes stay within one merchant.

The partial unique index allows at most one default; "at least one" and "active" span rows and tables, which takes
triggers. They look at commit, so that one transaction may pass through a state without a default. A change of routes
first locks what is looked at: two transactions that are right each by itself must not be wrong together.
"""

from typing import ClassVar

from django.db import migrations

FORWARD = """
CREATE FUNCTION wasl_check_routes(checked_source bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    routes integer; defaults integer; inactive integer; foreign_routes integer;
BEGIN
    SELECT count(*), count(*) FILTER (WHERE r.is_default), count(*) FILTER (WHERE r.is_default AND NOT d.is_active),
           count(*) FILTER (WHERE d.merchant_id <> s.merchant_id)
      INTO routes, defaults, inactive, foreign_routes
      FROM destinations_route r
      JOIN destinations_destination d ON d.id = r.destination_id
      JOIN destinations_source s ON s.id = r.source_id
     WHERE r.source_id = checked_source;
    IF foreign_routes > 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'route_within_merchant',
            MESSAGE = 'route_within_merchant: a source can only send to destinations of its own merchant';
    ELSIF routes > 0 AND defaults <> 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'exactly_one_default_route',
            MESSAGE = 'exactly_one_default_route: a source needs exactly one default destination';
    ELSIF inactive > 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'default_route_is_active',
            MESSAGE = 'default_route_is_active: a default destination must be active; make another one default first';
    END IF;
END $$;

CREATE FUNCTION wasl_route_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM destinations_source WHERE id IN (OLD.source_id, NEW.source_id) ORDER BY id FOR NO KEY UPDATE;
    PERFORM FROM destinations_destination WHERE id IN (
        SELECT destination_id FROM destinations_route WHERE source_id IN (OLD.source_id, NEW.source_id)
    ) ORDER BY id FOR SHARE;
    IF TG_OP <> 'INSERT' THEN PERFORM wasl_check_routes(OLD.source_id); END IF;
    IF TG_OP <> 'DELETE' THEN PERFORM wasl_check_routes(NEW.source_id); END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER routes_have_a_default AFTER INSERT OR UPDATE OR DELETE ON destinations_route
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wasl_route_changed();

CREATE FUNCTION wasl_destination_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM wasl_check_routes(r.source_id) FROM destinations_route r WHERE r.destination_id = NEW.id;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER default_destinations_are_active AFTER UPDATE OF is_active, merchant_id
    ON destinations_destination
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wasl_destination_changed();
"""

BACKWARD = """
DROP TRIGGER default_destinations_are_active ON destinations_destination;
DROP TRIGGER routes_have_a_default ON destinations_route;
DROP FUNCTION wasl_destination_changed();
DROP FUNCTION wasl_route_changed();
DROP FUNCTION wasl_check_routes(bigint);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("destinations", "0001_initial")]
    operations: ClassVar = [migrations.RunSQL(FORWARD, BACKWARD)]
