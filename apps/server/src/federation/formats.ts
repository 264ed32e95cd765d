/** Types of transfers: those that the node's own gateway serves, and which of a data set's somebody serves now. Pure. */
import { HTTP_PULL, HTTP_PUSH } from '@shugu/dataspace';

export interface GatewayFormat {
  /** Fetched by the consumer from our gateway, or brought to where it says. */
  way: 'pull' | 'push';
  /** Of the data address. */
  endpointType: string;
  /** Its access token is short-lived, and its consumer renews it. */
  renews: boolean;
}

const plain = 'https://w3id.org/idsa/v4.1/HTTP';

/** As EDC names them, whose consumers may know no renewal; and by the HTTP transfer profile of Data Plane Signaling. */
export const gatewayFormats: Readonly<Record<string, GatewayFormat>> = {
  'HttpData-PULL': { way: 'pull', endpointType: plain, renews: false },
  [HTTP_PULL]: { way: 'pull', endpointType: HTTP_PULL, renews: true },
  'HttpData-PUSH': { way: 'push', endpointType: plain, renews: false },
  [HTTP_PUSH]: { way: 'push', endpointType: HTTP_PUSH, renews: false },
};

export const gatewayFormatOf = (format: string | null): GatewayFormat | undefined =>
  format !== null && Object.hasOwn(gatewayFormats, format) ? gatewayFormats[format] : undefined;

/** What the gateway serves of data that can be had in these ways. */
export const formatsBy = (ways: readonly GatewayFormat['way'][]): string[] =>
  Object.entries(gatewayFormats).flatMap(([format, { way }]) => (ways.includes(way) ? [format] : []));

/** All types in whose ways these can be had; what the gateway knows nothing of stays. */
export const alikeFormats = (formats: readonly string[]): string[] => {
  const ways = formats.flatMap((format) => gatewayFormatOf(format)?.way ?? []);
  return [...formatsBy(ways), ...formats.filter((format) => !gatewayFormatOf(format))];
};

export interface Serving {
  profiles: readonly string[];
  /** Since when it does not answer; null while it does. */
  away_since: Date | null;
}

/** The gateway's but those that a data plane outside has taken over, and what those serve that answer. Each once. */
export const servedFormats = (ofGateway: readonly string[], planes: readonly Serving[]): string[] => {
  const taken = new Set(planes.flatMap(({ profiles }) => profiles));
  const live = planes.filter(({ away_since }) => away_since === null).flatMap(({ profiles }) => profiles);
  return [...new Set([...ofGateway.filter((format) => !taken.has(format)), ...live])];
};

/** How an organisation can receive a type of another's: by a data plane of its own that takes it and answers, else as the gateway's are. */
export const wayOf = (format: string, planes: readonly Serving[]): 'pull' | 'push' | 'plane' | 'none' => {
  const plane = planes.find(({ profiles }) => profiles.includes(format));
  if (plane) return plane.away_since === null ? 'plane' : 'none';
  return gatewayFormatOf(format)?.way ?? 'none';
};
