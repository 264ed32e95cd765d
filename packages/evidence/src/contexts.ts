/**
 * Everything that a key signs or a hash names, so that bytes made for one purpose can never be read as another: the signed
 * message is context || 0x00 || bytes. Checkpoints are the exception, since C2SP fixes their form; note text holds no 0x00,
 * so it can't be mistaken for any of these. Never change a context; a new meaning gets a new version.
 */
export const contexts = {
  bundle: 'shugu/bundle/1',
  promise: 'shugu/log-promise/1',
  datedCheckpoint: 'shugu/dated-checkpoint/1',
  agreement: 'shugu/agreement/1',
  computationPart: 'shugu/computation-part/1',
  computationConfirmation: 'shugu/computation-confirmation/1',
  segment: 'shugu/usage-segment/1',
  receipt: 'shugu/usage-receipt/1',
  quota: 'shugu/quota-slice/1',
  bankInstruction: 'shugu/bank-instruction/1',
  keyEvent: 'shugu/key-event/1',
  message: 'shugu/node-message/1',
  commitment: 'shugu/commitment/1',
  keyId: 'shugu/key-id/1',
} as const;

export type Context = keyof typeof contexts;

export function inContext(context: Context, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.from(`${contexts[context]}\0`, 'utf8'), bytes]));
}
