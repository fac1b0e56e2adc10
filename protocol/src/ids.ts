import * as z from 'zod';

/** Gateway and device ids: short enough for a topic, and free of `/`, `+`, `#` by construction (edge §4.5). */
const NAME_PATTERN = /^[a-z0-9][a-z0-9-]{0,30}$/;
const NAME_HINT = 'must be 1 to 31 of a-z, 0-9 and "-", starting with a letter or digit';

export const gatewayIdSchema = z.string().regex(NAME_PATTERN, NAME_HINT);
export const deviceIdSchema = z.string().regex(NAME_PATTERN, NAME_HINT);

/** Random UUID made when a gateway's database is created: a new disk is a new store, so `seq` may restart. */
export const storeIdSchema = z.guid();
/** `/proc/sys/kernel/random/boot_id`: the scope within which `mono_ms` values can be compared. */
export const bootIdSchema = z.guid();

/** Position in a store's gap-free sequence, shared by punches, anchors and events; starts at 1. */
export const seqSchema = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/** UTC instant with millisecond precision, `2026-07-01T04:36:12.345Z`. */
export const instantSchema = z.iso.datetime({ precision: 3 });

/** Version of every message contract on the wire; a message with another number is refused whole. */
export const CONTRACT_VERSION = 1;
export const contractVersionSchema = z.literal(CONTRACT_VERSION);
