import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2019, type ValidateFunction } from 'ajv/dist/2019.js';
import type { MessageType } from './messages.ts';

const folder = join(import.meta.dirname, '../schemas');
const rooms = ['catalog', 'common', 'negotiation', 'transfer'];
const base = 'https://w3id.org/dspace/2025/1';

const fileOf: Readonly<Record<MessageType | 'VersionDocument', string>> = {
  CatalogRequestMessage: 'catalog/catalog-request-message-schema.json',
  Catalog: 'catalog/catalog-schema.json',
  Dataset: 'catalog/dataset-schema.json',
  CatalogError: 'catalog/catalog-error-schema.json',
  ContractRequestMessage: 'negotiation/contract-request-message-schema.json',
  ContractOfferMessage: 'negotiation/contract-offer-message-schema.json',
  ContractAgreementMessage: 'negotiation/contract-agreement-message-schema.json',
  ContractAgreementVerificationMessage: 'negotiation/contract-agreement-verification-message-schema.json',
  ContractNegotiationEventMessage: 'negotiation/contract-negotiation-event-message-schema.json',
  ContractNegotiationTerminationMessage: 'negotiation/contract-negotiation-termination-message-schema.json',
  ContractNegotiation: 'negotiation/contract-negotiation-schema.json',
  ContractNegotiationError: 'negotiation/contract-negotiation-error-schema.json',
  TransferRequestMessage: 'transfer/transfer-request-message-schema.json',
  TransferStartMessage: 'transfer/transfer-start-message-schema.json',
  TransferCompletionMessage: 'transfer/transfer-completion-message-schema.json',
  TransferSuspensionMessage: 'transfer/transfer-suspension-message-schema.json',
  TransferTerminationMessage: 'transfer/transfer-termination-message-schema.json',
  TransferProcess: 'transfer/transfer-process-schema.json',
  TransferError: 'transfer/transfer-error-schema.json',
  VersionDocument: 'common/protocol-version-schema.json',
};

let schemas: Ajv2019 | null = null;

/** The published schemas, read once. Three of them refer to definitions without the slash that a JSON pointer begins with. */
function loaded(): Ajv2019 {
  if (schemas) return schemas;
  // The schemas use words that strict mode refuses; one fault is enough to refuse a message.
  const ajv = new Ajv2019({ strict: false, allErrors: false });
  for (const room of rooms)
    for (const name of readdirSync(join(folder, room)).filter((one) => one.endsWith('-schema.json')))
      ajv.addSchema(
        JSON.parse(
          readFileSync(join(folder, room, name), 'utf8').replaceAll('.json#definitions/', '.json#/definitions/'),
        ),
      );
  schemas = ajv;
  return ajv;
}

/** Compiled on first use. */
export function validatorOf(type: MessageType | 'VersionDocument'): ValidateFunction {
  const validator = loaded().getSchema(`${base}/${fileOf[type]}`);
  if (!validator) throw new Error(`no schema of ${type}`);
  return validator;
}
