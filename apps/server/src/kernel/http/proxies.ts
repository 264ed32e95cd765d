/** Reverse proxies whose word on where a request comes from is believed. */
import { isIP } from 'node:net';

export const proxiesMax = 64;

const isBlock = (text: string): boolean => {
  const [address = '', bits, ...rest] = text.split('/');
  const kind = isIP(address);
  if (kind === 0 || rest.length) return false;
  // A block of everybody would let every caller name its own address.
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= (kind === 4 ? 32 : 128));
};

/** Addresses and CIDR blocks, separated by commas. */
export const parseProxies = (text: string): string[] => {
  const all = text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  if (all.length > proxiesMax) throw new Error(`at most ${proxiesMax} proxies`);
  for (const one of all)
    if (!isBlock(one)) throw new Error(`${one} is neither an IP address nor a block such as 10.0.0.0/8`);
  return all;
};
