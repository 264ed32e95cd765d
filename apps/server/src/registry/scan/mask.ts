import type { IdentifierKind } from './kinds.ts';

/** Shows enough to recognise the kind, never enough to recognise the person. */
export function mask(value: string, kind: IdentifierKind): string {
  const characters = [...value];
  const keep = (head: number, tail: number) => {
    const hidden = Math.max(characters.length - head - tail, 3);
    return characters.slice(0, head).join('') + '*'.repeat(hidden) + (tail > 0 ? characters.slice(-tail).join('') : '');
  };
  switch (kind) {
    case 'residentId':
      return keep(2, 1);
    case 'mobile':
      return keep(3, 2);
    case 'bankCard':
      return keep(4, 2);
    case 'plate':
      return keep(2, 1);
    case 'vin':
    case 'creditCode':
      return keep(3, 2);
    case 'email':
      return `${characters[0] ?? ''}***@***`;
    case 'ipv4':
      return `${value.split('.')[0]}.*.*.*`;
    case 'personName':
      return `${characters[0] ?? ''}**`;
    case 'address':
      return keep(2, 0);
    default:
      return keep(1, 0).slice(0, 12);
  }
}
