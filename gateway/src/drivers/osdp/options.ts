import * as z from 'zod';

const BAUDS = [9600, 19200, 38400, 57600, 115200, 230400] as const;
const baud = z.union(
  [
    z.literal(9600),
    z.literal(19200),
    z.literal(38400),
    z.literal(57600),
    z.literal(115200),
    z.literal(230400),
  ],
  `must be one of ${BAUDS.join(', ')}`,
);
const address = (max: number): z.ZodType<number> => {
  const range = `must be a whole number from 0 to ${max}`;
  return z.int(range).min(0, range).max(max, range);
};
const BYTE_RANGE = 'must be a whole number up to 255';
const byte = z.int(BYTE_RANGE).min(0, BYTE_RANGE).max(255, BYTE_RANGE);
const keyFile = z.string().regex(/^\/[^\0]*$/, 'must be an absolute path, starting with "/"');

export const osdpOptions = z
  .strictObject({
    address: address(126).default(0).meta({ description: 'Address of the reader on the bus, 0 to 126.' }),
    baud: baud.default(9600).meta({ description: 'Speed of the bus, the same for all its readers.' }),
    check: z
      .enum(['crc', 'checksum'], 'must be crc or checksum')
      .default('crc')
      .meta({ description: '`checksum` only for a reader that knows no CRC.' }),
    scbk_file: keyFile.optional().meta({
      description:
        'File with the key of this reader (32 hex digits). With it nothing is believed in the clear.',
    }),
    previous_scbk_file: keyFile.optional().meta({
      description:
        'Key that the reader still has; it is given the one of `scbk_file`, and then this line goes.',
    }),
    secure: z
      .enum(['required', 'off'], 'must be required or off')
      .optional()
      .meta({ description: '`required` where `scbk_file` is given, and then it cannot be `off`.' }),
    install: z.boolean('must be true or false').default(false).meta({
      description:
        'Hand a new reader its key over the public default key. Only while somebody stands beside it.',
    }),
    install_address: address(127).optional().meta({
      description:
        'Where a new reader answers before it is given `address` and `baud`; 127 is any, if it is alone.',
    }),
    install_baud: baud.default(9600).meta({ description: 'Speed of a new reader.' }),
    reply_timeout_ms: z
      .int('must be a whole number of milliseconds')
      .min(50, 'must be at least 50')
      .max(2000, 'must be at most 2000')
      .default(200)
      .meta({ description: 'How long the reader may think; some wireless hubs need 500.' }),
    uid_order: z
      .enum(['be', 'le'], 'must be be or le')
      .default('be')
      .meta({ description: '`le` where the reader sends the UID of a card with its last byte first.' }),
    csn: z
      .enum(['iso14443a', 'iso14443b', 'iso15693', 'felica', 'off'], 'must be a technology or off')
      .default('iso14443a')
      .meta({ description: 'What cards of 32, 56, 64 or 80 bits are; `off` refuses them.' }),
    fingers: z.enum(['off', 'gateway', 'reader'], 'must be off, gateway or reader').default('off').meta({
      description:
        'Of a reader with a fingerprint sensor. `gateway`: it sends a template of every finger, which the gateway recognizes. `reader`: after a card it compares the finger with those of the holder. Needs `scbk_file`.',
    }),
    finger_quality: byte.default(0).meta({
      description: 'Least quality of a scan, 0 to 255; a worse one is asked for again.',
    }),
    match_score: byte.min(1, BYTE_RANGE).default(128).meta({
      description:
        'With `fingers: reader`: from which score on, 1 to 255, a finger counts as that of the holder.',
    }),
  })
  .superRefine((options, context) => {
    const hasKey = options.scbk_file !== undefined;
    const refuse = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (options.secure === 'required' && !hasKey)
      refuse('scbk_file', 'is missing; secure: required needs the key');
    if (options.secure === 'off' && hasKey) {
      refuse('secure', 'cannot be off where scbk_file is given; a reader that was secured stays so');
    }
    if (!hasKey && options.install) refuse('install', 'needs scbk_file: the key that the reader is to get');
    if (!hasKey && options.previous_scbk_file !== undefined) {
      refuse('previous_scbk_file', 'needs scbk_file: the key that comes after it');
    }
    if (options.fingers !== 'off' && !hasKey) {
      refuse('fingers', 'needs scbk_file: a fingerprint does not travel over a cable that anybody can read');
    }
    if (options.install_address !== undefined && !options.install) {
      refuse('install_address', 'needs install: true');
    }
  });
export type OsdpOptions = z.infer<typeof osdpOptions>;
