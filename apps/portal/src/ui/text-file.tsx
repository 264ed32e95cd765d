import { useWords } from '../i18n/index.ts';
import { PickFile } from './send-file.tsx';

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
  const take = async (file: File) => {
    // A character takes at most four bytes: what is longer than that need not be read.
    const text = file.size > 4 * charactersMax ? undefined : await file.text();
    onText(text !== undefined && text.length > charactersMax ? undefined : text);
  };
  return (
    <PickFile
      primary
      label={t('verify.pickFile')}
      accept=".json,application/json"
      loading={loading}
      onFile={(file) => void take(file)}
    />
  );
};
