import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';

/**
 * Does what is to be done with one finger.
 *
 * @throws RollcallError what ended it, with the finger's position in its context for whoever has to look into it
 */
export async function atFinger<Result>(position: number, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isRollcallError(error)) throw error;
    throw new RollcallError(error.code, withoutCode(error), {
      cause: error,
      context: { ...error.context, finger_position: position },
    });
  }
}

/** The constructor appends it again. */
export const withoutCode = ({ message, code }: RollcallError): string => message.replace(` (${code})`, '');
