import { bilingual, type Fault, fault } from './fault.ts';
import { MESSAGE_LIMITS } from './limits.ts';
import type { Messages, MessageType } from './messages.ts';
import { proseFault } from './prose.ts';
import { CONTEXT_URL } from './protocol.ts';
import { validatorOf } from './schemas.ts';

export type Checked<Value> = { ok: true; message: Value } | { ok: false; fault: Fault };

/**
 * A message as it came, held to the published schema and to the rules that only the specification's prose states. Taken kindly:
 * a `@context` that is one text instead of a list, and members that nobody knows. What would change the meaning is refused.
 */
export function checkMessage<Type extends MessageType>(type: Type, value: unknown): Checked<Messages[Type]> {
  if (!isObject(value)) return refuse(fault('notAnObject', '', bilingual('须为 JSON 对象', 'must be a JSON object')));
  if (depthOf(value, MESSAGE_LIMITS.depthMax) > MESSAGE_LIMITS.depthMax)
    return refuse(fault('tooDeep', '', bilingual('嵌套过深', 'is nested too deeply')));
  const message = withContextList(value);
  if (message['@type'] !== type)
    return refuse(fault('typeWrong', '/@type', bilingual(`须为 ${type}`, `must be ${type}`)));
  const isValid = validatorOf(type);
  if (!isValid(message)) {
    const [first] = isValid.errors ?? [];
    const told = first?.message ?? 'does not match the schema';
    return refuse(fault('schemaViolated', first?.instancePath ?? '', bilingual(`不符合协议模式：${told}`, told)));
  }
  const found = proseFault(message as unknown as Messages[MessageType]);
  return found ? refuse(found) : { ok: true, message: message as unknown as Messages[Type] };
}

function refuse(found: Fault): { ok: false; fault: Fault } {
  return { ok: false, fault: found };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withContextList(message: Record<string, unknown>): Record<string, unknown> {
  return message['@context'] === CONTEXT_URL ? { ...message, '@context': [CONTEXT_URL] } : message;
}

/** Levels of a value, counted no further than one beyond `most`. */
function depthOf(value: unknown, most: number): number {
  let level: unknown[] = [value];
  for (let depth = 0; ; depth++) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
    if (level.length === 0 || depth > most) return depth + 1;
  }
}
