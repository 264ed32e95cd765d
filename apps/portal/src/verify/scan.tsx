/** Reads the QR code of a paper by camera or from a picture; nothing leaves the device. */

import { Alert, Button, Modal } from 'antd';
import jsQR from 'jsqr';
import { useEffect, useRef, useState } from 'react';
import { useWords } from '../i18n/index.ts';

const framesPerSecond = 6;
const pixelsMax = 1600;

const readPixels = (source: CanvasImageSource, width: number, height: number): string | undefined => {
  const scale = Math.min(1, pixelsMax / Math.max(width, height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context || !canvas.width) return undefined;
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  return jsQR(pixels.data, pixels.width, pixels.height)?.data;
};

export const readPicture = async (file: Blob): Promise<string | undefined> => {
  const picture = await createImageBitmap(file);
  return readPixels(picture, picture.width, picture.height);
};

export const Camera = ({ onFound }: { onFound: (text: string) => void }) => {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  const [fault, setFault] = useState<string>();
  const video = useRef<HTMLVideoElement>(null);
  const found = useRef(onFound);
  found.current = onFound;
  useEffect(() => {
    if (!open) return;
    let stream: MediaStream | undefined;
    let stopped = false;
    const timer = setInterval(() => {
      const one = video.current;
      if (!one || one.readyState < 2) return;
      const text = readPixels(one, one.videoWidth, one.videoHeight);
      if (text) {
        setOpen(false);
        found.current(text);
      }
    }, 1000 / framesPerSecond);
    navigator.mediaDevices
      ?.getUserMedia({ video: { facingMode: 'environment' } })
      .then((opened) => {
        stream = opened;
        if (stopped) for (const track of opened.getTracks()) track.stop();
        else if (video.current) video.current.srcObject = opened;
      })
      .catch((error: Error) => setFault(error.message));
    return () => {
      stopped = true;
      clearInterval(timer);
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
  }, [open]);
  return (
    <>
      <Button
        disabled={!navigator.mediaDevices}
        title={navigator.mediaDevices ? undefined : t('verify.noCamera')}
        onClick={() => setOpen(true)}
      >
        {t('verify.camera')}
      </Button>
      <Modal open={open} footer={null} title={t('verify.camera')} onCancel={() => setOpen(false)} destroyOnHidden>
        {fault ? <Alert type="warning" title={t('verify.noCamera')} description={fault} /> : null}
        <video ref={video} autoPlay playsInline muted style={{ width: '100%' }} />
      </Modal>
    </>
  );
};
