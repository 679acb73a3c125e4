/** `10.0.0.1:80`, `[fd00::1]:80`; without a port where there is none, as with ICMP. */
export function formatEndpoint(address: string, port: number): string {
  if (port === 0) return address;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
