/** Settings that are addresses: each gives back its text, or throws what it should be. */

export const httpAddress = (text: string) => {
  const { protocol, username, hash } = new URL(text);
  if (!/^https?:$/.test(protocol) || username || hash)
    throw new Error('an address of the form https://…, without credentials');
  return text;
};

export const tlsUnlessHere = (text: string) => {
  const { protocol, hostname } = new URL(httpAddress(text));
  if (protocol !== 'https:' && !/^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(hostname))
    throw new Error('an https address, or one of this machine');
  return text;
};

export const mailServer = (text: string) => {
  if (!/^smtps?:$/.test(new URL(text).protocol)) throw new Error('an address of the form smtp://… or smtps://…');
  return text;
};

export const bucketAddress = (text: string) => {
  const { pathname, search } = new URL(httpAddress(text));
  const [bucket = '', ...prefix] = pathname.slice(1).split('/');
  const levels = prefix.length === 1 && prefix[0] === '' ? [] : prefix;
  if (
    search ||
    !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) ||
    !levels.every((one) => /^[\w-][\w.-]*$/.test(one))
  )
    throw new Error('an address of the form https://host/bucket or https://host/bucket/prefix');
  return text.replace(/\/$/, '');
};
