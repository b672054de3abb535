-- What happens to the registrar's own table of publications, written down by the table itself: to
-- the millisecond, without a reader that could be late or in the way.
CREATE TABLE history (
    row INTEGER, time REAL, what TEXT, person TEXT, busy INTEGER, expires INTEGER, etag TEXT);

CREATE TRIGGER presentity_added AFTER INSERT ON presentity BEGIN
    INSERT INTO history VALUES (NEW.id, (julianday('now') - 2440587.5) * 86400.0, 'added',
        NEW.username || '@' || NEW.domain, CAST(NEW.body AS TEXT) LIKE '%on-the-phone%',
        NEW.expires, NEW.etag);
END;

CREATE TRIGGER presentity_changed AFTER UPDATE ON presentity BEGIN
    INSERT INTO history VALUES (NEW.id, (julianday('now') - 2440587.5) * 86400.0, 'changed',
        NEW.username || '@' || NEW.domain, CAST(NEW.body AS TEXT) LIKE '%on-the-phone%',
        NEW.expires, NEW.etag);
END;

CREATE TRIGGER presentity_removed AFTER DELETE ON presentity BEGIN
    INSERT INTO history VALUES (OLD.id, (julianday('now') - 2440587.5) * 86400.0, 'removed',
        OLD.username || '@' || OLD.domain, 0, OLD.expires, OLD.etag);
END;
