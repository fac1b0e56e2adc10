import { growFinger } from '@rollcall/firmware-sim/fingers/finger';
import { impressionOf, type SensorSize } from '@rollcall/firmware-sim/fingers/impression';
import { type Extraction, extract } from '@rollcall/gateway/biometrics/extract/extract';
import { greyImage } from '@rollcall/gateway/biometrics/image/grey-image';
import { isRollcallError } from '@rollcall/protocol/errors';

/** A window of the size of common optical sensors. */
export const OPTICAL: SensorSize = { width: 320, height: 400, dpi: 500 };

/** What the engine makes of synthetic impressions; undefined where it could read none. */
export function extractAll(seed: number, fingers: number, impressions: number): (Extraction | undefined)[][] {
  return Array.from({ length: fingers }, (_, index) => {
    const number = index + 1;
    const finger = growFinger(seed, number);
    return Array.from({ length: impressions }, (__, turn) => {
      const { width, height, dpi, pixels } = impressionOf(
        finger,
        { seed, number, impression: turn + 1 },
        OPTICAL,
      );
      return tryExtract(() => extract(greyImage({ width, height, dpi, pixels })));
    });
  });
}

function tryExtract(run: () => Extraction): Extraction | undefined {
  try {
    return run();
  } catch (error) {
    if (isRollcallError(error)) return undefined;
    throw error;
  }
}
