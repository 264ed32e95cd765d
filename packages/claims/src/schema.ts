/** Credential schemas: JSON Schema from an address that the credential names. Read only once issuer and signature are known to be good. */
import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Credential } from './credential.ts';
import { limits } from './limits.ts';
import { ClaimsError, refuse } from './problem.ts';
import { ask, type Fetch, jsonTypes, type PlainHttp, parseJson, requireHttps } from './reach.ts';
import { isObject, type Json } from './shape.ts';

export interface Schemas {
  /** @throws claims.schema-violated, also when a schema can't be read */
  check(credential: Pick<Credential, 'schemas' | 'subjects' | 'document'>): Promise<void>;
}

const compile = (schema: Json): ValidateFunction => {
  const options = { strict: false, validateFormats: false, addUsedSchema: false, unicodeRegExp: false };
  const dialect = String(schema.$schema ?? '');
  if (dialect.includes('2019-09')) return new Ajv2019(options).compile(schema);
  if (dialect.includes('2020-12')) return new Ajv2020(options).compile(schema);
  // Draft 4 differs in `id` and in boolean bounds alone; the latter are refused as an invalid schema.
  const { $schema: _, id: __, ...plain } = schema;
  return new Ajv(options).compile(dialect.includes('draft-04') ? plain : { ...schema, $schema: undefined });
};

export function makeSchemas({
  fetch,
  now,
  plainHttp = () => false,
  keepSeconds = 3600,
}: {
  fetch: Fetch;
  now: () => Date;
  plainHttp?: PlainHttp;
  keepSeconds?: number;
}): Schemas {
  const kept = new Map<string, { at: number; validate: ValidateFunction }>();
  const validator = async (address: string): Promise<ValidateFunction> => {
    const known = kept.get(address);
    const at = now().getTime();
    if (known && at - known.at < keepSeconds * 1000) return known.validate;
    requireHttps(address, plainHttp);
    const schema = parseJson(
      await ask(fetch, address, { bytesMax: limits.schemaBytes, mediaTypes: jsonTypes }),
      address,
    );
    if (!isObject(schema)) return refuse('claims.schema-violated', `${address} is no schema`);
    const validate = compile(schema);
    kept.delete(address);
    kept.set(address, { at, validate });
    if (kept.size > limits.cacheEntries / 10) kept.delete(kept.keys().next().value!);
    return validate;
  };
  const checkOne = async (
    schema: { id: string; type: string },
    credential: Pick<Credential, 'subjects' | 'document'>,
  ) => {
    // W3C VC JSON Schema describes the whole credential; the older type, as DCP 1.0.1 (6.6.2) reads it, each subject.
    const values = { JsonSchema: [credential.document], JsonSchemaValidator2018: credential.subjects }[schema.type];
    if (!values) return refuse('claims.schema-violated', `schema of type ${schema.type}`);
    const validate = await validator(schema.id);
    if (!values.every((value) => validate(value))) return refuse('claims.schema-violated', schema.id);
  };
  return {
    async check(credential) {
      for (const schema of credential.schemas) {
        try {
          await checkOne(schema, credential);
        } catch (error) {
          if (error instanceof ClaimsError && error.code === 'claims.schema-violated') throw error;
          refuse('claims.schema-violated', (error as Error).message);
        }
      }
    },
  };
}
