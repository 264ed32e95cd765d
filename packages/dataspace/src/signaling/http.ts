/**
 * The HTTP transfer profile of Data Plane Signaling 1.0-RC3 and its token renewal (“HTTP Transfer Profile”, “Token Renewal”): data
 * addresses, and what a refresh endpoint answers (OAuth 2.0, RFC 6749 5.1 and 6). Pure.
 */
import type { DataAddress, EndpointProperty } from '../messages.ts';

export const HTTP_PULL = 'https://w3id.org/dspace-sig/profile/http-pull';
export const HTTP_PUSH = 'https://w3id.org/dspace-sig/profile/http-push';

/** How the access token of an address is renewed. */
export interface TokenRenewal {
  /** Good for one renewal. */
  refreshToken: string;
  /** Seconds that the access token lives, from when it was given. */
  expiresIn: number;
  refreshEndpoint: string;
}

/** The answer of a refresh endpoint. Without a refresh token the one before holds on; without a time, so does the time. */
export interface Refreshed {
  accessToken: string;
  refreshToken?: string;
  expiresIn?: number;
}

const tokenCharactersMax = 10_000;
const secondsMax = 366 * 86_400;
const property = (name: string, value: string): EndpointProperty => ({ '@type': 'EndpointProperty', name, value });
const isToken = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= tokenCharactersMax;
const isBearer = (type: unknown): boolean => typeof type === 'string' && type.toLowerCase() === 'bearer';
const isSeconds = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= secondsMax;

/** Where to ask, and the token to show there as a bearer; with its renewal where it has one. */
export function bearerAddress(
  endpointType: string,
  { endpoint, token, renewal }: { endpoint: string; token: string; renewal?: TokenRenewal | undefined },
): DataAddress {
  return {
    '@type': 'DataAddress',
    endpointType,
    endpoint,
    endpointProperties: [
      property('authorization', token),
      property('authType', 'bearer'),
      // EDC looks for it here only; whoever does not know it passes it over.
      property('endpoint', endpoint),
      ...(renewal ? renewalProperties(renewal) : []),
    ],
  };
}

const renewalProperties = ({ refreshToken, expiresIn, refreshEndpoint }: TokenRenewal): EndpointProperty[] => [
  property('refreshToken', refreshToken),
  property('expiresIn', String(expiresIn)),
  property('refreshEndpoint', refreshEndpoint),
];

const propertiesOf = (address: unknown): EndpointProperty[] => {
  const { endpointProperties } = (address ?? {}) as { endpointProperties?: unknown };
  return Array.isArray(endpointProperties) ? (endpointProperties as EndpointProperty[]) : [];
};

/** The value of a property; undefined where the address has none of that name. */
export const propertyOf = (address: unknown, name: string): string | undefined =>
  propertiesOf(address).find((one) => one.name === name)?.value;

/** Undefined where its token is not renewed, or not in a way that can be followed. Without an endpoint of its own that of the data stands. */
export function renewalOf(address: unknown): TokenRenewal | undefined {
  const [refreshToken, lives] = [propertyOf(address, 'refreshToken'), propertyOf(address, 'expiresIn') ?? ''];
  const refreshEndpoint = propertyOf(address, 'refreshEndpoint') ?? (address as { endpoint?: string } | null)?.endpoint;
  const expiresIn = /^\d{1,10}$/.test(lives) ? Number(lives) : 0;
  if (!isToken(refreshToken) || !isSeconds(expiresIn) || !refreshEndpoint || !URL.canParse(refreshEndpoint))
    return undefined;
  return { refreshToken, expiresIn, refreshEndpoint };
}

/** Undefined where it gives no token that can be shown. */
export function readRefreshed(value: unknown): Refreshed | undefined {
  const told = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: lives, token_type: type } = told;
  if (!isToken(accessToken) || (type !== undefined && !isBearer(type))) return undefined;
  const expiresIn = typeof lives === 'number' || typeof lives === 'string' ? Number(lives) : 0;
  return {
    accessToken,
    ...(isToken(refreshToken) ? { refreshToken } : {}),
    ...(isSeconds(expiresIn) ? { expiresIn } : {}),
  };
}

/** The same address with what a refresh gave. */
export function refreshedAddress(
  address: DataAddress,
  { accessToken, refreshToken, expiresIn }: Refreshed,
): DataAddress {
  const given: Record<string, string | undefined> = {
    authorization: accessToken,
    refreshToken,
    expiresIn: expiresIn === undefined ? undefined : String(expiresIn),
  };
  const endpointProperties = propertiesOf(address).map((one) => ({ ...one, value: given[one.name] ?? one.value }));
  return { ...address, endpointProperties };
}

/** As it is shown to whoever only reads by it: its token is renewed by somebody else, and a refresh token may be good only once. */
export function withoutRenewal(address: DataAddress): DataAddress {
  const own = ['refreshToken', 'refreshEndpoint', 'expiresIn'];
  if (!Array.isArray(address.endpointProperties)) return address;
  return { ...address, endpointProperties: propertiesOf(address).filter(({ name }) => !own.includes(name)) };
}
