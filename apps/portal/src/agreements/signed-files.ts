/** What certificates' tools write: text or bytes, in PEM or bare. */
const bytesOf = async (file: Blob): Promise<Uint8Array> => new Uint8Array(await file.arrayBuffer());

const base64Of = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));

/** Base64, whether the file holds it or the bare signature. */
export const signatureFileText = async (file: Blob): Promise<string> => {
  const text = (await file.text()).replace(/\s/g, '');
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0 ? text : base64Of(await bytesOf(file));
};

/** PEM, whether the file holds it or a certificate in DER. */
export const certificateFilePem = async (file: Blob): Promise<string> => {
  const text = await file.text();
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text.endsWith('\n') ? text : `${text}\n`;
  const lines = base64Of(await bytesOf(file)).match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
};
