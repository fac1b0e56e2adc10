const HID_PATTERN = /^hid:(?<vid>[0-9a-f]{4}):(?<pid>[0-9a-f]{4})(?::(?<serial>[\x21-\x7e]{1,126}))?$/i;
const SOCKET_PATTERN = /^hid\+unix:(?<path>\/[^\0]{1,100})$/;

export type HidAddress =
  /** Found by its USB numbers, and by its serial number where several are alike. */
  | { type: 'usb'; vid: number; pid: number; serial?: string }
  /** Reports over a Unix socket: a simulated device. */
  | { type: 'socket'; path: string };

/** `hid:VID:PID[:serial]` and `hid+unix:/path` taken apart; undefined for everything else. */
export function parseHidAddress(port: string): HidAddress | undefined {
  const socket = SOCKET_PATTERN.exec(port)?.groups;
  if (socket !== undefined) return { type: 'socket', path: socket['path'] ?? '' };
  const usb = HID_PATTERN.exec(port)?.groups;
  if (usb === undefined) return undefined;
  const { vid = '', pid = '', serial } = usb;
  return {
    type: 'usb',
    vid: Number.parseInt(vid, 16),
    pid: Number.parseInt(pid, 16),
    ...(serial === undefined ? {} : { serial }),
  };
}

export function formatHidPort({ vid, pid, serial }: { vid: number; pid: number; serial?: string }): string {
  const hex = (number: number): string => number.toString(16).padStart(4, '0');
  return `hid:${hex(vid)}:${hex(pid)}${serial === undefined ? '' : `:${serial}`}`;
}
