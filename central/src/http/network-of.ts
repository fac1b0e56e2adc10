import { isIPv6 } from 'node:net';

const GROUPS = 8;
/** A /64, of which one machine has as many addresses as it likes. */
const GROUPS_OF_NETWORK = 4;
const MAPPED = '0:0:0:0:0:ffff:';

/** Who calls from an address: of IPv6 the network, of IPv4, also inside of IPv6, the address itself. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const groups = groupsOf(address);
  const text = groups.map((group) => group.toString(16)).join(':');
  if (text.startsWith(MAPPED)) return groups.slice(-2).flatMap(bytesOf).join('.');
  return `${groups
    .slice(0, GROUPS_OF_NETWORK)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** All eight: the same address has many spellings. */
function groupsOf(address: string): number[] {
  const [bare = ''] = address.split('%');
  const [left = [], right] = bare
    .split('::')
    .map((part) => (part === '' ? [] : part.split(':').flatMap(readGroup)));
  if (right === undefined) return left;
  return [...left, ...Array.from({ length: GROUPS - left.length - right.length }, () => 0), ...right];
}

/** The last two may be written as an IPv4 address. */
function readGroup(text: string): number[] {
  if (!text.includes('.')) return [Number.parseInt(text, 16)];
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number);
  return [a * 256 + b, c * 256 + d];
}

const bytesOf = (group: number): number[] => [group >> 8, group & 255];
