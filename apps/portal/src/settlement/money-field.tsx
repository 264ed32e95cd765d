/** An amount typed in yuan, sent in fen. */
import { Input } from 'antd';
import { useState } from 'react';
import type { WidgetProps } from '../ui/fields.tsx';
import { fenOf } from '../ui/format.ts';

const yuanOf = (fen: unknown): string => {
  if (typeof fen !== 'string' || !/^\d+$/.test(fen)) return '';
  const digits = fen.padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
};

/** While it is being typed it need not be an amount yet; the form then holds nothing. */
export const MoneyInput = ({ id, value, onChange }: WidgetProps) => {
  const [typed, setTyped] = useState(yuanOf(value));
  const wrong = typed !== '' && fenOf(typed) === undefined;
  return (
    <Input
      id={id}
      prefix="¥"
      inputMode="decimal"
      style={{ maxWidth: 240 }}
      value={typed}
      status={wrong ? 'error' : undefined}
      aria-invalid={wrong}
      onChange={(event) => {
        setTyped(event.target.value);
        onChange?.(fenOf(event.target.value));
      }}
    />
  );
};
