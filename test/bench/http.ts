import { startBareExpress } from './bare-express.js';
import { SECTIONS_PER_GATEWAY } from './bench-campus.js';
import { measureBulkMarks } from './bulk-marks.js';
import { type BenchOptions, type CentralBench, withCentralBench } from './central-bench.js';
import { type BenchClass, signInEverybody } from './http-people.js';
import { heapMib, type Measured } from './measured.js';
import { measureQrScans } from './qr-scans.js';
import { measureSessionOperations } from './session-operations.js';
import { measureStatisticsReads } from './statistics-reads.js';

/** Three hundred classes of sixty students; nobody taps. */
const SIZE: BenchOptions = { gateways: 75, studentsPerSection: 60, tappingSections: 0, isOpened: false };

/** The last section of every building is marked by hand, the others by their students' phones. */
export const isMarkedByHand = ({ index }: BenchClass): boolean =>
  index % SECTIONS_PER_GATEWAY === SECTIONS_PER_GATEWAY - 1;

/**
 * Central over HTTP with rate limits as installed, a PostgreSQL that syncs every commit, and the load generator, all
 * on the cores of this machine. Each part counts in the database what it has done.
 */
export async function measureHttp(): Promise<Measured> {
  return withCentralBench(SIZE, async (bench) => {
    const classes = await signInEverybody(bench);
    await keepCodes(bench);
    const bare = await startBareExpress();
    try {
      const heapBefore = heapMib();
      const parts = [
        await measureSessionOperations(bench, classes),
        await measureQrScans(
          bench,
          classes.filter((one) => !isMarkedByHand(one)),
          bare,
        ),
        await measureBulkMarks(bench, classes.filter(isMarkedByHand)),
        await measureStatisticsReads(bench, classes),
      ];
      const heap = { 'heap before, MiB': heapBefore, 'heap after, MiB': heapMib() };
      return {
        figures: Object.assign({}, ...parts.map(({ figures }) => figures)),
        raw: Object.assign({}, ...parts.map(({ raw }) => raw), heap),
      };
    } finally {
      await bare.stop();
    }
  });
}

/** Codes that live as long as they can: on a busy machine a slice would outlive those of ten seconds. */
export async function keepCodes({ own }: CentralBench): Promise<void> {
  await own.knex('attendance_configuration').insert(
    Object.entries({ QR_ROTATE_SECONDS: 120, QR_SKEW_SECONDS: 60 }).map(([key, value]) => ({
      key,
      value: String(value),
      data_type: 'integer',
      effective_from: '-infinity',
    })),
  );
}
