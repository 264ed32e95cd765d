import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkMessage } from '../check.ts';
import {
  bearerAddress,
  HTTP_PULL,
  propertyOf,
  readRefreshed,
  refreshedAddress,
  renewalOf,
  withoutRenewal,
} from './http.ts';

const endpoint = 'https://provider.example/data';
const renewal = { refreshToken: 'r1', expiresIn: 300, refreshEndpoint: 'https://provider.example/token' };
const address = bearerAddress(HTTP_PULL, { endpoint, token: 'a1', renewal });

describe('renewal in a data address', () => {
  test('is read as it was written, in a message that the protocol’s schema takes', () => {
    expect(renewalOf(address)).toEqual(renewal);
    const pids = { consumerPid: 'urn:uuid:1', providerPid: 'urn:uuid:2' };
    const context = ['https://w3id.org/dspace/2025/1/context.jsonld'];
    const start = { '@context': context, '@type': 'TransferStartMessage', ...pids, dataAddress: address };
    expect(checkMessage('TransferStartMessage', start)).toMatchObject({ ok: true });
  });

  test('is none without a token or a time that can be followed; without an endpoint of its own it is asked at the data’s', () => {
    expect(renewalOf(bearerAddress(HTTP_PULL, { endpoint, token: 'a1' }))).toBeUndefined();
    expect(renewalOf(null)).toBeUndefined();
    const but = (name: string, value?: string) => ({
      ...address,
      endpointProperties: address.endpointProperties!.flatMap((one) =>
        one.name !== name ? [one] : value === undefined ? [] : [{ ...one, value }],
      ),
    });
    for (const [name, value] of [
      ['refreshToken', undefined],
      ['refreshToken', ''],
      ['expiresIn', undefined],
      ['expiresIn', '0'],
      ['expiresIn', '-5'],
      ['expiresIn', '1e3'],
      ['expiresIn', '99999999999'],
      ['refreshEndpoint', 'not an address'],
    ] as const)
      expect(renewalOf(but(name, value)), `${name} ${value}`).toBeUndefined();
    expect(renewalOf(but('refreshEndpoint'))?.refreshEndpoint).toBe(endpoint);
  });

  test('is not shown to whoever only reads by the address', () => {
    const shown = withoutRenewal(address);
    expect(renewalOf(shown)).toBeUndefined();
    expect([propertyOf(shown, 'authorization'), propertyOf(shown, 'authType')]).toEqual(['a1', 'bearer']);
  });
});

describe('the answer of a refresh endpoint', () => {
  test('takes the place of what was there; what it leaves out holds on', () => {
    const next = { access_token: 'a2', token_type: 'bearer', expires_in: 60, refresh_token: 'r2' };
    const renewed = refreshedAddress(address, readRefreshed(next)!);
    expect(propertyOf(renewed, 'authorization')).toBe('a2');
    expect(renewalOf(renewed)).toEqual({ ...renewal, refreshToken: 'r2', expiresIn: 60 });
    const least = refreshedAddress(address, readRefreshed({ access_token: 'a3', token_type: 'Bearer' })!);
    expect([propertyOf(least, 'authorization'), renewalOf(least)]).toEqual(['a3', renewal]);
  });

  test('is none without a bearer token', () => {
    for (const one of [null, 'a2', {}, { access_token: '' }, { access_token: 'a2', token_type: 'mac' }])
      expect(readRefreshed(one), JSON.stringify(one)).toBeUndefined();
  });

  test('whatever it says, an address stays one, of the same endpoint', () => {
    fc.assert(
      fc.property(
        fc.record({ access_token: fc.string(), expires_in: fc.jsonValue(), refresh_token: fc.jsonValue() }),
        (told) => {
          const read = readRefreshed(told);
          if (!read) return;
          const renewed = refreshedAddress(address, read);
          expect(renewalOf(renewed)).toBeDefined();
          expect([renewed.endpoint, renewed.endpointType]).toEqual([address.endpoint, address.endpointType]);
        },
      ),
    );
  });
});
