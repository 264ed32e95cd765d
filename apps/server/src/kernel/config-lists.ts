/** Settings that name several things: how each is read. Throws with what is wrong. */
import { isIP } from 'node:net';
import { verifierOf } from '@shugu/evidence';
import { industryCode } from '@shugu/wire/node-kinds';

/** The first and the last one; empty stands for any that is free. */
export const portRange = (text: string): number[] => {
  if (text === '') return [];
  const [, from, until] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  const range = [Number(from), Number(until)];
  if (from === undefined || !range.every((port) => port >= 1 && port <= 65_535) || range[0]! > range[1]!)
    throw new Error('two ports, as 7300-7309');
  return range;
};
export const networks = (text: string): string[] => {
  const list = text.split(',').map((one) => one.trim());
  const wrong = list.find((one) => {
    const [address = '', bits] = one.split('/');
    return (
      isIP(address) === 0 ||
      (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= (isIP(address) === 4 ? 32 : 128)))
    );
  });
  if (wrong !== undefined) throw new Error(`${wrong} is neither an IP address nor a network`);
  return list;
};
export const issuerDids = (text: string): string[] =>
  text.split(',').map((one) => {
    const did = one.trim();
    // The package of claims reads them further; a setting that is none at all is told at the start.
    if (!/^did:web:[^\s:/?#]+(:[^\s:/?#]+)*$/.test(did)) throw new Error(`${did} is no did:web`);
    return did;
  });
export const witnessKeys = (text: string): string[] =>
  text.split(',').map((one) => {
    const vkey = one.trim();
    if (verifierOf(vkey).use !== 'witness') throw new Error(`${vkey} is not the key of a witness`);
    return vkey;
  });
export const industries = (text: string): string[] =>
  text.split(',').map((one) => {
    const code = one.trim();
    if (!industryCode.test(code)) throw new Error(`${code} is no code of GB/T 4754, as G or I65`);
    return code;
  });
export const creditCode = (text: string): string => {
  if (!/^[0-9A-HJ-NP-RTUWXY]{18}$/.test(text)) throw new Error('a unified social credit code of 18 signs');
  return text;
};

/** Of an engine, or none. */
export const versions = (text: string): string[] => {
  const all = text === 'none' || text === '' ? [] : text.split(',').map((one) => one.trim());
  if (!all.every((one) => /^[0-9A-Za-z][\w.+-]{0,39}$/.test(one))) throw new Error('versions, as 0.9.5, or none');
  return all;
};
