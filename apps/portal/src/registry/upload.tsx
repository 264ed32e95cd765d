/** A resumable upload: parts with exact offsets; a broken connection goes on where the server stands. */
import { completeUpload, getUpload, putPart, startUpload } from '@shugu/wire/registry';
import { Progress } from 'antd';
import { useState } from 'react';
import { client } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { bytes } from '../ui/format.ts';
import { SendFile } from '../ui/send-file.tsx';

const partBytes = 8 * 1024 * 1024;
const triesMax = 5;

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export const UploadData = ({ resource, blocked }: { resource: string; blocked?: string | null }) => {
  const { t } = useWords();
  const [sent, setSent] = useState<{ name: string; done: number; of: number }>();

  const send = async (file: File) => {
    let upload = await client.call(startUpload, { body: { resource, fileName: file.name, bytes: file.size } });
    let tries = 0;
    while (upload.received < file.size) {
      const offset = upload.received;
      try {
        upload = await (
          await client.raw(
            putPart,
            { params: { id: upload.id, offset } },
            {
              rawBody: file.slice(offset, offset + Math.min(partBytes, upload.partBytesMax)),
              headers: { 'content-type': 'application/octet-stream' },
            },
          )
        ).json();
        tries = 0;
      } catch (caught) {
        if (++tries > triesMax) throw caught;
        await wait(500 * 2 ** tries);
        upload = await client.call(getUpload, { params: { id: upload.id } });
      }
      setSent({ name: file.name, done: upload.received, of: file.size });
    }
    await client.call(completeUpload, { params: { id: upload.id }, body: {} });
  };

  const follow = async (file: File) => {
    setSent({ name: file.name, done: 0, of: file.size });
    await send(file).finally(() => setSent(undefined));
  };

  return (
    <SendFile
      primary
      label={t('upload.pick')}
      accept=".csv,.tsv,.json,.ndjson,.xlsx,.parquet,.txt,.gz"
      blocked={blocked}
      send={follow}
      after={<span className="quiet small">{t('upload.hint')}</span>}
    >
      {sent ? (
        <div role="status">
          <Progress percent={Math.floor((sent.done / sent.of) * 100)} aria-label={sent.name} />
          <span className="quiet small">
            {sent.name} · {bytes(sent.done)} / {bytes(sent.of)}
          </span>
        </div>
      ) : null}
    </SendFile>
  );
};
