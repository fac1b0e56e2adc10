import * as z from 'zod';

/** Bytes of a key, by the kind of card that it opens: Crypto-1, PWD and PACK, AES-128. */
export const KEY_BYTES = { classic: 6, ntag: 6, desfire: 16 } as const;

const hex = (bytes: string, message: string) =>
  z.string().regex(new RegExp(`^(?:[0-9A-Fa-f]{2}){${bytes}}$`), message);

export const pn532OptionsSchema = z
  .strictObject({
    technologies: z
      .array(z.enum(['a', 'b', 'felica'], 'must be a list of a, b and felica'))
      .min(1, 'must name at least one of a, b and felica')
      .max(3, 'must name each of a, b and felica once')
      .default(['a'])
      .meta({ description: 'Kinds of cards that are looked for: ISO 14443 A, ISO 14443 B, FeliCa.' }),
    credential: z
      .enum(['uid', 'classic', 'ntag', 'desfire'], 'must be uid, classic, ntag or desfire')
      .default('uid')
      .meta({
        description:
          '`uid`: the number that every card shows. The others: cards of this kind have to open with the key first.',
      }),
    number: z.enum(['content', 'uid'], 'must be content or uid').default('content').meta({
      description: 'What tells cards apart that had to open: what the campus wrote into them, or the UID.',
    }),
    key_file: z
      .string()
      .regex(/^\/[^\0]*$/, 'must be an absolute path, starting with "/"')
      .optional()
      .meta({ description: 'File with the key as hex digits; needed unless `credential` is `uid`.' }),
    key_type: z
      .enum(['a', 'b'], 'must be a or b')
      .default('a')
      .meta({ description: 'MIFARE Classic: which key of the sector it is.' }),
    block: z
      .int('must be a whole number')
      .min(0, 'must be from 0 to 255')
      .max(255, 'must be from 0 to 255')
      .default(4)
      .meta({ description: 'MIFARE Classic: block, NTAG: first page, in which the number is.' }),
    length: z
      .int('must be a whole number of bytes')
      .min(4, 'must be from 4 to 16')
      .max(16, 'must be from 4 to 16')
      .default(16)
      .meta({ description: 'Bytes of the number.' }),
    aid: hex('3', 'must be six hex digits, such as A1B2C3')
      .default('A1B2C3')
      .meta({ description: 'DESFire: application of the campus.' }),
    key_no: z
      .int('must be a whole number')
      .min(0, 'must be from 0 to 13')
      .max(13, 'must be from 0 to 13')
      .default(0)
      .meta({ description: 'DESFire: number of the key.' }),
    file: z
      .int('must be a whole number')
      .min(0, 'must be from 0 to 31')
      .max(31, 'must be from 0 to 31')
      .default(1)
      .meta({ description: 'DESFire: number of the file.' }),
    authentication: z
      .enum(['ev2', 'ev1'], 'must be ev2 or ev1')
      .default('ev2')
      .meta({ description: 'DESFire: `ev2` for EV2 and EV3 cards, `ev1` for older ones.' }),
    protection: z.enum(['full', 'mac'], 'must be full or mac').default('full').meta({
      description: 'DESFire: communication setting of the file, encrypted or only with a message code.',
    }),
    diversify: hex('0,21', 'must be up to 21 bytes in hex digits').optional().meta({
      description:
        'DESFire: each card has a key of its own (AN10922) made from UID, AID and this identifier of the campus.',
    }),
  })
  .superRefine((options, context) => {
    if (options.credential !== 'uid' && options.key_file === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['key_file'],
        message: `is needed when credential is ${options.credential}`,
      });
    }
    if (options.credential === 'classic' && options.block % 4 === 3) {
      context.addIssue({
        code: 'custom',
        path: ['block'],
        message: 'is the one in which a sector keeps its keys',
      });
    }
  });
export type Pn532Options = z.infer<typeof pn532OptionsSchema>;
