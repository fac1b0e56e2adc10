import { BlockList, isIP } from 'node:net';

/** Of CAMPUS_NETWORKS, which changes rarely and is asked at every scan. */
let known: { text: string; list: BlockList } = { text: '', list: new BlockList() };

/**
 * Whether a request came from a network of the campus: a sign of being there and nothing more. A thousand students
 * behind one address are no suspicion, and another network is none either (domain case 108).
 */
export function isCampusAddress(ip: string, networks: string): boolean {
  if (known.text !== networks) known = { text: networks, list: listOf(networks) };
  const address = ip.startsWith('::ffff:') ? ip.slice('::ffff:'.length) : ip;
  const family = isIP(address);
  return family !== 0 && known.list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** What is written like a network and is none has nobody in it. */
function listOf(networks: string): BlockList {
  const list = new BlockList();
  for (const network of networks === 'none' ? [] : networks.split(',')) {
    const [address = '', length = ''] = network.split('/');
    const family = isIP(address);
    const prefix = Number(length);
    if (family === 0 || prefix > (family === 6 ? 128 : 32)) continue;
    list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
