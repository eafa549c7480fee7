-- The log of package pglog. {schema} is the quoted name of its schema, {channel} and
-- {version} are literals. Everything here may run again, and on a log that is in use.

CREATE SCHEMA IF NOT EXISTS {schema};

-- One row. Positions up to greatest(era, floor) are not known any more.
CREATE TABLE IF NOT EXISTS {schema}.state (
	one     boolean PRIMARY KEY DEFAULT true CHECK (one),
	era     bigint NOT NULL,      -- where the era began
	floor   bigint NOT NULL,      -- the highest position whose event was deleted
	history text NOT NULL,        -- what gave the positions of this era, see history()
	server  text NOT NULL         -- what was last found to go on with it, see server()
);

CREATE SEQUENCE IF NOT EXISTS {schema}.positions;

CREATE TABLE IF NOT EXISTS {schema}.events (
	pos    bigint PRIMARY KEY,
	at     timestamptz NOT NULL,
	soft   boolean NOT NULL,
	reason bytea NOT NULL,
	origin bytea NOT NULL,
	names  bytea[] NOT NULL,
	bytes  integer NOT NULL
);

-- What a transaction has appended, until its COMMIT: a row lives in no other
-- snapshot than that of its own transaction.
CREATE UNLOGGED TABLE IF NOT EXISTS {schema}.pending (
	n      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	again  boolean NOT NULL DEFAULT true,
	at     timestamptz NOT NULL,
	soft   boolean NOT NULL,
	reason bytea NOT NULL,
	origin bytea NOT NULL,
	names  bytea[] NOT NULL
);

ALTER TABLE {schema}.pending SET (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0, fillfactor = 50);
ALTER TABLE {schema}.state SET (fillfactor = 10);

-- What the server's data is: a cluster, a database in it, the table, and a timeline.
CREATE OR REPLACE FUNCTION {schema}.history() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
		(SELECT oid FROM pg_database WHERE datname = current_database()),
		'{schema}.events'::regclass::oid,
		left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))
$$;

-- What reads the data now: history() in short, since a server has one timeline from its
-- start to its end, but for the moment in which a replica is promoted.
CREATE OR REPLACE FUNCTION {schema}.server() RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT pg_catalog.concat_ws('/', pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time()),
		(SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),
		'{schema}.events'::regclass::oid)
$$;

-- Holds the log until the transaction ends. Positions are given under this lock.
CREATE OR REPLACE FUNCTION {schema}.hold() RETURNS void
LANGUAGE sql AS $$
	SELECT pg_catalog.pg_advisory_xact_lock(1970168417, '{schema}.events'::regclass::oid::integer)
$$;

-- Appends an event in this transaction, which from now on holds the log, and returns
-- its position.
CREATE OR REPLACE FUNCTION {schema}.push(at timestamptz, soft boolean, reason bytea, origin bytea, names bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	p bigint;
	stays interval;
BEGIN
	-- A position that was read must not be given again after a crash.
	IF current_setting('synchronous_commit') = 'off' THEN
		PERFORM set_config('synchronous_commit', 'local', true);
	END IF;
	-- A client that stops before its COMMIT would stop all others.
	stays := current_setting('idle_in_transaction_session_timeout')::interval;
	IF stays = interval '0' OR stays > interval '5s' THEN
		PERFORM set_config('idle_in_transaction_session_timeout', '5s', true);
	END IF;
	PERFORM {schema}.hold();
	p := nextval('{schema}.positions');
	INSERT INTO {schema}.events VALUES (p, at, soft, reason, origin, names,
		100 + length(reason) + length(origin) + pg_column_size(names));
	-- PREPARE TRANSACTION refuses a transaction that has notified. A prepared one would
	-- hold the log until somebody remembers it.
	PERFORM pg_notify({channel}, p::text);
	RETURN p;
END
$$;

-- Runs at COMMIT, in two rounds: foreign keys that are checked at COMMIT take their
-- locks in the first one, before the transaction holds the log.
CREATE OR REPLACE FUNCTION {schema}.at_commit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NEW.again THEN
		UPDATE {schema}.pending SET again = false WHERE n = NEW.n;
	ELSE
		DELETE FROM {schema}.pending WHERE n = NEW.n;
		PERFORM {schema}.push(NEW.at, NEW.soft, NEW.reason, NEW.origin, NEW.names);
	END IF;
	RETURN NULL;
END
$$;

-- Appends an event that gets its position at COMMIT.
CREATE OR REPLACE FUNCTION {schema}.append(at text, soft boolean, reason text, origin text, names text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	INSERT INTO {schema}.pending (at, soft, reason, origin, names)
	VALUES (coalesce(nullif(at, '')::timestamptz, clock_timestamp()), soft, reason::bytea, origin::bytea, names::bytea[])
$$;

-- Events that are deleted, by whomever, are missed by nobody silently.
CREATE OR REPLACE FUNCTION {schema}.deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF TG_OP = 'TRUNCATE' THEN
		UPDATE {schema}.state SET floor = greatest(floor, (SELECT last_value FROM {schema}.positions));
	ELSE
		UPDATE {schema}.state SET floor = greatest(floor, (SELECT max(pos) FROM gone));
	END IF;
	RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION {schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'uncache: the log is append only' USING ERRCODE = 'restrict_violation';
END
$$;

-- In the order in which savers take them: those that run meanwhile wait, and do not fail.
LOCK TABLE {schema}.pending IN ACCESS EXCLUSIVE MODE;
SELECT {schema}.hold();

DROP TRIGGER IF EXISTS at_commit ON {schema}.pending;
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT OR UPDATE ON {schema}.pending
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {schema}.at_commit();
CREATE OR REPLACE TRIGGER deleted AFTER DELETE ON {schema}.events
	REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION {schema}.deleted();
CREATE OR REPLACE TRIGGER truncated AFTER TRUNCATE ON {schema}.events
	FOR EACH STATEMENT EXECUTE FUNCTION {schema}.deleted();
CREATE OR REPLACE TRIGGER changed BEFORE UPDATE ON {schema}.events
	FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse();
-- Also where session_replication_role is replica.
ALTER TABLE {schema}.pending ENABLE ALWAYS TRIGGER at_commit;
ALTER TABLE {schema}.events ENABLE ALWAYS TRIGGER deleted;
ALTER TABLE {schema}.events ENABLE ALWAYS TRIGGER truncated;
ALTER TABLE {schema}.events ENABLE ALWAYS TRIGGER changed;

-- Called by a reader that finds a server which it does not know, no state, or a head
-- before its own position: goes on with the era if that is sound, or begins a new one
-- beyond every position that was given and beyond after. Positions more than ten years
-- ahead of the clock count as damage.
CREATE OR REPLACE FUNCTION {schema}.confirm(after bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	clock  bigint := extract(epoch FROM clock_timestamp()) * 1000000;
	far    bigint := clock + 315360000000000;
	s      {schema}.state;
	given  bigint;
	top    bigint;
	now_at text;
BEGIN
	IF pg_is_in_recovery() THEN
		RAISE EXCEPTION 'uncache: the log was asked for on a replica' USING ERRCODE = 'read_only_sql_transaction';
	END IF;
	PERFORM {schema}.hold();
	SELECT * INTO s FROM {schema}.state FOR UPDATE;
	SELECT CASE WHEN is_called THEN last_value ELSE 0 END INTO given FROM {schema}.positions;
	SELECT greatest(max(pos), s.era, s.floor) INTO top FROM {schema}.events;
	now_at := {schema}.history();
	IF s.history = now_at AND top <= far AND given BETWEEN top AND far AND (after <= top OR after > far) THEN
		UPDATE {schema}.state SET server = {schema}.server();
		RETURN;
	END IF;
	SELECT max(pos) INTO top FROM {schema}.events WHERE pos <= far;
	SELECT greatest(clock, max(1 + p)) INTO clock FROM unnest(ARRAY[given, top, s.era, s.floor, after]) p WHERE p <= far;
	DELETE FROM {schema}.events WHERE pos > clock;
	PERFORM setval('{schema}.positions', clock);
	INSERT INTO {schema}.state VALUES (true, clock, clock, now_at, {schema}.server())
	ON CONFLICT (one) DO UPDATE SET era = clock, floor = clock, history = now_at, server = excluded.server;
	PERFORM pg_notify({channel}, clock::text);
END
$$;

-- The id of the log: a saver in another database does not find it there.
DO $$
DECLARE
	id text := substring(obj_description('{schema}'::regnamespace, 'pg_namespace') FROM '^uncache log v\d+ (.+)$');
BEGIN
	EXECUTE format('COMMENT ON SCHEMA {schema} IS %L', concat_ws(' ', 'uncache log', {version}, coalesce(id, gen_random_uuid()::text)));
END
$$;
