/** What differs between the modules of the family, from their manuals. */
export interface Ef01Profile {
  id: string;
  title: string;
  baud: number;
  capacity: number;
  templateBytes: number;
  width: number;
  height: number;
  dpi: number;
  systemId: number;
  /** Buffers for captures: two on old chips, six on the R503. */
  buffers: number;
  /** Product information, colored ring, automatic enrollment and search: the R503. */
  isR503: boolean;
  /** Puts a 00 before the 55 that says that it is ready. */
  hasStrayZero: boolean;
  /** Refuses a search beyond its capacity instead of searching what there is. */
  isStrict: boolean;
}

export const EF01_PROFILES: readonly [Ef01Profile, ...Ef01Profile[]] = [
  {
    id: 'r503',
    title: 'R503: round, capacitive, colored ring, 200 slots',
    baud: 57_600,
    capacity: 200,
    templateBytes: 1_536,
    width: 192,
    height: 192,
    dpi: 508,
    systemId: 0x0009,
    buffers: 6,
    isR503: true,
    hasStrayZero: false,
    isStrict: false,
  },
  {
    id: 'r307',
    title: 'R307: optical, 1000 slots',
    baud: 57_600,
    capacity: 1_000,
    templateBytes: 768,
    width: 256,
    height: 288,
    dpi: 500,
    systemId: 0x0009,
    buffers: 2,
    isR503: false,
    hasStrayZero: true,
    isStrict: false,
  },
  {
    id: 'as608',
    title: 'AS608: optical, 300 slots',
    baud: 57_600,
    capacity: 300,
    templateBytes: 512,
    width: 256,
    height: 288,
    dpi: 500,
    systemId: 0x0009,
    buffers: 2,
    isR503: false,
    hasStrayZero: false,
    isStrict: false,
  },
  {
    id: 'zfm20',
    title: 'ZFM-20: optical, 120 slots, refuses searches beyond them',
    baud: 57_600,
    capacity: 120,
    templateBytes: 512,
    width: 256,
    height: 288,
    dpi: 500,
    systemId: 0x0000,
    buffers: 2,
    isR503: false,
    hasStrayZero: false,
    isStrict: true,
  },
  {
    id: 'fpm10a',
    title: 'FPM10A: optical, 162 slots',
    baud: 57_600,
    capacity: 162,
    templateBytes: 1_536,
    width: 256,
    height: 288,
    dpi: 500,
    systemId: 0x0009,
    buffers: 2,
    isR503: false,
    hasStrayZero: true,
    isStrict: false,
  },
];
