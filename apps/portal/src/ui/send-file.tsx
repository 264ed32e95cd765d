/** A button that asks for a file and sends it. */
import { useQueryClient } from '@tanstack/react-query';
import { Button, Select } from 'antd';
import { type ReactNode, useRef, useState } from 'react';
import { useWords } from '../i18n/index.ts';
import { bytes } from './format.ts';
import { ProblemNote } from './problem.tsx';

interface PickFile {
  label: string;
  /** As an `input` takes it: endings and media types. */
  accept?: string;
  primary?: boolean;
  loading?: boolean;
  /** Why nothing can be sent now. */
  blocked?: string | null;
  onFile(file: File): void;
}

export const PickFile = ({ label, accept, primary, loading, blocked, onFile }: PickFile) => {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        // A form shows such inputs, whatever `hidden` says.
        style={{ display: 'none' }}
        type="file"
        aria-label={label}
        accept={accept}
        onChange={({ target }) => {
          const file = target.files?.[0];
          // The same file again, mended or not, is looked at again.
          target.value = '';
          if (file) onFile(file);
        }}
      />
      <Button
        type={primary ? 'primary' : 'default'}
        loading={loading}
        disabled={!!blocked}
        title={blocked ?? undefined}
        onClick={() => input.current?.click()}
      >
        {label}
      </Button>
    </>
  );
};

/** `before` and `after` stand beside the button, `children` beneath; so does what went wrong. What was read of the server is read anew. */
export const SendFile = ({
  send,
  bytesMax = Number.POSITIVE_INFINITY,
  before,
  after,
  children,
  ...look
}: Omit<PickFile, 'loading' | 'onFile'> & {
  send(file: File): Promise<unknown>;
  bytesMax?: number;
  before?: ReactNode;
  after?: ReactNode;
  children?: ReactNode;
}) => {
  const { t } = useWords();
  const cache = useQueryClient();
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const take = async (file: File) => {
    setBusy(true);
    setError(undefined);
    try {
      if (file.size > bytesMax) throw new Error(t('file.tooLarge', { size: bytes(bytesMax) }));
      await send(file);
      await cache.invalidateQueries();
    } catch (caught) {
      setError(caught as Error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <div className="row">
        {before}
        <PickFile {...look} loading={busy} onFile={(file) => void take(file)} />
        {after}
      </div>
      {children}
      {error ? <ProblemNote error={error} /> : null}
    </>
  );
};

/** Of which kind it is stands before the button: a file is sent as what is chosen there. */
export const SendFileOf = <K extends string>({
  kinds,
  kindLabel,
  send,
  ...look
}: Omit<Parameters<typeof SendFile>[0], 'before' | 'send'> & {
  kinds: readonly { value: K; label: string }[];
  kindLabel: string;
  send(file: File, kind: K): Promise<unknown>;
}) => {
  const [chosen, setChosen] = useState<K>();
  const kind = chosen ?? kinds[0]?.value;
  return (
    <SendFile
      {...look}
      send={(file) => (kind === undefined ? Promise.resolve() : send(file, kind))}
      before={
        <Select
          aria-label={kindLabel}
          value={kind}
          onChange={setChosen}
          style={{ minWidth: 200 }}
          options={[...kinds]}
        />
      }
    />
  );
};
