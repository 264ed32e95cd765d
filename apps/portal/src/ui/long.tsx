/** Identifiers and addresses of others, which have any length. */
import { Typography } from 'antd';

export const Long = ({ text, copyable = false }: { text: string; copyable?: boolean }) => (
  <Typography.Text className="mono" copyable={copyable} style={{ overflowWrap: 'anywhere' }}>
    {text}
  </Typography.Text>
);
