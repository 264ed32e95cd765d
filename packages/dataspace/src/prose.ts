import { bilingual, type Fault, fault } from './fault.ts';
import { MESSAGE_LIMITS } from './limits.ts';
import type { Dataset, MessageOffer, Messages, MessageType } from './messages.ts';

/**
 * What the specification's prose demands and the schemas let pass: ids that are not empty (nor without end), targets of offers in messages and
 * none in catalogues, the instant of an agreement, a call-back address that can be called.
 */
export function proseFault(message: Messages[MessageType]): Fault | null {
  return emptyId(message) ?? endless(message) ?? byType(message);
}

function byType(message: Messages[MessageType]): Fault | null {
  switch (message['@type']) {
    case 'ContractRequestMessage':
    case 'ContractOfferMessage':
      return targetOf(message.offer) ?? callbackOf(message.callbackAddress);
    case 'TransferRequestMessage':
      return callbackOf(message.callbackAddress);
    case 'ContractAgreementMessage':
      return message.agreement.timestamp === undefined
        ? fault('timestampMissing', '/agreement/timestamp', bilingual('协议缺少时间', 'the agreement has no timestamp'))
        : null;
    case 'Dataset':
      return strayTarget(message, '');
    case 'Catalog':
      for (const [at, dataset] of (message.dataset ?? []).entries()) {
        const found = strayTarget(dataset, `/dataset/${at}`);
        if (found) return found;
      }
      return null;
    default:
      return null;
  }
}

function emptyId(message: Messages[MessageType]): Fault | null {
  for (const name of ['consumerPid', 'providerPid', 'agreementId'] as const)
    if ((message as Record<string, unknown>)[name] === '')
      return fault('idEmpty', `/${name}`, bilingual('不可为空', 'must not be empty'));
  return null;
}

function endless(message: Messages[MessageType]): Fault | null {
  const { addressMax } = MESSAGE_LIMITS;
  for (const name of ['consumerPid', 'providerPid', 'agreementId', 'callbackAddress'] as const)
    if (String((message as Record<string, unknown>)[name] ?? '').length > addressMax)
      return fault('tooLong', `/${name}`, bilingual(`至多 ${addressMax} 个字符`, `at most ${addressMax} characters`));
  return null;
}

function targetOf(offer: MessageOffer): Fault | null {
  return typeof offer.target === 'string' && offer.target !== ''
    ? null
    : fault('targetMissing', '/offer/target', bilingual('报价须指明数据集', 'an offer names its dataset'));
}

/** In a catalogue the dataset that holds an offer is its target. */
function strayTarget({ hasPolicy }: Dataset, path: string): Fault | null {
  const at = hasPolicy.findIndex((offer) => 'target' in offer);
  return at === -1
    ? null
    : fault(
        'targetForbidden',
        `${path}/hasPolicy/${at}/target`,
        bilingual('目录中的报价不带 target', 'has no target here'),
      );
}

/** HTTPS must be supported, others may be; whether an address may be called is for whoever calls it. */
function callbackOf(address: string | undefined): Fault | null {
  if (address === undefined) return null;
  const url = URL.parse(address);
  const holds = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.hash === '';
  return holds
    ? null
    : fault(
        'callbackInvalid',
        '/callbackAddress',
        bilingual('回调地址须为 http(s) 地址', 'must be an http(s) address'),
      );
}
