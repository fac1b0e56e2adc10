import type { Job } from './job.js';

/** An anchor of a boot that has ended may still be on its way with the rest of its outbox. */
const ENDED_WAIT = "interval '1 hour'";
/** A boot that runs will have its time server at some time; not for ever. */
const RUNNING_WAIT = "interval '48 hours'";

/**
 * Puts every boot of a gateway before a person whose punches no clock can place in time (domain case 88): once, with
 * what is known about when it was. The item resolves itself when its anchors come after all.
 */
export const askAboutBootsJob: Job = {
  name: 'ask-about-boots',
  title: 'Asks a person when a boot of a gateway was whose clock was never set',
  everyMinutes: 10,
  async run({ db: { knex }, clock }) {
    const now = new Date(clock.wallMs());
    await knex.raw(RESOLVE_SQL, [now]);
    const { rows } = await knex.raw<{ rows: object[] }>(ASK_SQL, [now, now, now]);
    return rows.length === 0 ? undefined : `${rows.length} boots without a time`;
  },
};

const RESOLVE_SQL = `
  UPDATE exception_item e SET resolved_at = ?::timestamptz
  WHERE e.code = 'TIME_UNKNOWN' AND e.resolved_at IS NULL AND NOT EXISTS (
    SELECT FROM punch p WHERE p.gateway_id = e.gateway_id AND p.outcome = 'time_unknown'
      AND p.boot_id::text = e.detail->>'boot_id')`;

/** Its rows lie in its store between those of other boots: the last one before them that has a time is a bound. */
const ASK_SQL = `
  WITH waiting AS MATERIALIZED (
    SELECT gateway_id, boot_id, count(*) AS events, min(received_at) AS received_at,
      max(mono_ms) - min(mono_ms) AS lasts_ms, (array_agg(store_id ORDER BY seq))[1] AS store_id, min(seq) AS first_seq
    FROM punch WHERE outcome = 'time_unknown' GROUP BY gateway_id, boot_id
  )
  INSERT INTO exception_item (at, code, message, gateway_id, detail)
  SELECT ?::timestamptz, 'TIME_UNKNOWN',
    w.events || ' punches of ' || w.gateway_id || ' were taken while its clock was not set, and nothing says when that '
      || 'was: find out when it was running, and say so under boots of the gateway',
    w.gateway_id, jsonb_build_object('boot_id', w.boot_id, 'events', w.events, 'lasts_ms', w.lasts_ms,
      'received_at', w.received_at, 'not_before', (
        SELECT p.effective_at FROM punch p
        WHERE p.gateway_id = w.gateway_id AND p.store_id = w.store_id AND p.seq < w.first_seq AND p.effective_at IS NOT NULL
        ORDER BY p.seq DESC LIMIT 1))
  FROM waiting w JOIN gateway g ON g.id = w.gateway_id
  WHERE w.received_at <= ?::timestamptz
      - CASE WHEN g.boot_id IS DISTINCT FROM w.boot_id THEN ${ENDED_WAIT} ELSE ${RUNNING_WAIT} END
    AND NOT EXISTS (SELECT FROM exception_item e WHERE e.code = 'TIME_UNKNOWN' AND e.gateway_id = w.gateway_id
      AND e.at <= ?::timestamptz AND e.detail->>'boot_id' = w.boot_id::text)
  RETURNING id`;
