/** Data addresses as counter-parties write them. Pure. */
import type { Json } from './model.ts';

interface Property {
  name: string;
  value: string;
}

/** Of the specification, and `endpoint`, which EDC writes among the properties instead of beside them. */
const known = ['endpoint', 'authorization', 'authType', 'refreshToken', 'expiresIn', 'refreshEndpoint'];

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

const isProperty = (value: unknown): value is Property =>
  isObject(value) && typeof value.name === 'string' && typeof value.value === 'string';

/** By its last word: EDC writes names as IRIs of its own. */
const plainName = (name: string): string => {
  const last = name.split(/[/#]/).at(-1)!;
  return known.includes(last) ? last : name;
};

/** A message with the data address in it under the specification's names, wherever the counter-party has put them. */
export const withPlainAddress = (message: Json): Json => {
  const { dataAddress: address } = message;
  if (!isObject(address) || !Array.isArray(address.endpointProperties)) return message;
  const properties = address.endpointProperties.map((one: unknown) =>
    isProperty(one) ? { ...one, name: plainName(one.name) } : one,
  );
  const told = properties.find((one): one is Property => isProperty(one) && one.name === 'endpoint');
  const endpoint = address.endpoint ?? told?.value;
  return {
    ...message,
    dataAddress: { ...address, ...(endpoint === undefined ? {} : { endpoint }), endpointProperties: properties },
  };
};
