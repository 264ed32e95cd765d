import { lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { GatewayProblem } from '../problem.ts';

/** Networks that no supplier's address may lead into (RFC 6890 and its updates), unless the operator allows them. */
const PRIVATE_NETWORKS = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // 64:ff9b and 2002 carry IPv4 addresses inside and would lead around the lines above.
  '::/128',
  '::1/128',
  '64:ff9b::/96',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

export type AddressCheck = (address: string) => boolean;

/** A check whether an IP address may be connected to. `allowed`: addresses or networks (CIDR) opened by the operator. */
export function addressCheck(allowed: readonly string[]): AddressCheck {
  const open = blockList(allowed);
  const closed = blockList(PRIVATE_NETWORKS);
  return (address) => {
    const plain = withoutMapping(address);
    const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
    return isIP(plain) !== 0 && (open.check(plain, family) || !closed.check(plain, family));
  };
}

/** ::ffff:127.0.0.1 and ::ffff:7f00:1 are 127.0.0.1, for the kernel as for us. */
function withoutMapping(address: string): string {
  const bare = address.split('%')[0] ?? '';
  const host = isIP(bare) === 6 ? new URL(`http://[${bare}]`).hostname.slice(1, -1) : bare;
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host);
  if (!mapped) return host;
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/', 2);
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/**
 * Name look-up for connecting sockets: the address that was checked is the one that is connected to, so a name that
 * changes its answer between check and use gains nothing. One forbidden address among several forbids the name.
 */
export function guardedLookup(check: AddressCheck): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      const [first] = addresses;
      if (!first || !addresses.every(({ address }) => check(address)))
        return callback(new GatewayProblem('upstreamAddressRefused'), '', 0);
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
