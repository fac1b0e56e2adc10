import * as z from 'zod';

/** ISO/IEC 19794-2 table 2: 1 right thumb to 10 left little finger. */
export const fingerPositionSchema = z.int().min(1).max(10);
