/** Calls to addresses that members or strangers name: the guard of the gateway's proxy stands before each connection. */
import { isIP } from 'node:net';
import { Agent } from 'undici';
import { addressCheck, guardedLookup } from './drivers/addresses.ts';

export interface Outgoing {
  /** Why an address is not called; undefined when it is. Names are checked when connecting. */
  fault(url: string): string | undefined;
  agent: Agent;
}

const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');

/** `allowed`: addresses or networks inside that the operator has opened. */
export const guardedOutgoing = (allowed: readonly string[], patienceSeconds: number): Outgoing => {
  const check = addressCheck(allowed);
  const closed = addressCheck([]);
  const patience = patienceSeconds * 1000;
  return {
    agent: new Agent({
      connect: { lookup: guardedLookup(check), timeout: patience },
      headersTimeout: patience,
      bodyTimeout: patience,
    }),
    fault: (text) => {
      const url = new URL(text);
      if (url.username || url.password) return 'credentials';
      if (url.hash) return 'fragment';
      const host = hostOf(url);
      const local = /^localhost\.?$|\.localhost\.?$/i.test(host);
      const literal = local ? '127.0.0.1' : isIP(host) ? host : undefined;
      if (literal !== undefined && !check(literal)) return host;
      // Without TLS only where the operator has opened the very address.
      const opened = literal !== undefined && !closed(literal);
      return url.protocol === 'https:' || opened ? undefined : 'http';
    },
  };
};
