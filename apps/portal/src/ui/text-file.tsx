import { Button } from 'antd';
import { useRef } from 'react';
import { useWords } from '../i18n/index.ts';

/** Lets a JSON file be picked and gives its text; undefined when that is longer than `charactersMax`. */
export const TextFile = ({
  charactersMax,
  loading,
  onText,
}: {
  charactersMax: number;
  loading: boolean;
  onText(text: string | undefined): void;
}) => {
  const { t } = useWords();
  const input = useRef<HTMLInputElement>(null);
  const take = async (file: File | undefined) => {
    if (!file) return;
    // A character takes at most four bytes: what is longer than that need not be read.
    const text = file.size > 4 * charactersMax ? undefined : await file.text();
    onText(text !== undefined && text.length > charactersMax ? undefined : text);
  };
  return (
    <>
      <input
        ref={input}
        hidden
        type="file"
        accept=".json,application/json"
        onChange={(event) => {
          void take(event.target.files?.[0]);
          // The same file again, mended or not, is looked at again.
          event.target.value = '';
        }}
      />
      <Button type="primary" loading={loading} onClick={() => input.current?.click()}>
        {t('verify.pickFile')}
      </Button>
    </>
  );
};
