export const LIGHT_COLORS = ['off', 'green', 'amber', 'red'] as const;
export type LightColor = (typeof LIGHT_COLORS)[number];

/** What a simulated device tells its operator: one JSON line each on the command line. */
export type DeviceEvent =
  | { event: 'ready'; link: string; driver: string; profile: string; baud: number }
  | { event: 'plugged'; link: string }
  | { event: 'unplugged' }
  | { event: 'host'; open: boolean }
  | { event: 'card'; state: 'in' | 'out' }
  | { event: 'finger'; state: 'in' | 'out' }
  | { event: 'sent'; hex: string }
  | { event: 'light'; color: LightColor; ms: number }
  | { event: 'beep'; count: number; ms: number }
  | { event: 'refused'; reason: string }
  | { event: 'fault'; fault: string }
  | { event: 'error'; message: string };
