// What is plugged in on USB, in the form of lsusb(8): `Bus 001 Device 003: ID 1908:0226 GEMBIRD`.
// Source: Linux, Documentation/ABI/stable/sysfs-bus-usb and Documentation/ABI/testing/sysfs-bus-usb.

import { cleanText } from './clean-text.js';
import { naturally } from './natural-order.js';
import { liveSource, type SystemSource } from './system-source.js';

export interface UsbDevice {
  /** The kernel's name of the port, `1-1.4`. */
  readonly name: string;
  /** As lsusb writes it. */
  readonly text: string;
}

const folder = '/sys/bus/usb/devices';

/** All devices on USB with hubs among them, in the order of bus and device number; root hubs are left out. */
export function usbDevices(source: SystemSource = liveSource): UsbDevice[] {
  const names = source.list(folder).filter((name) => /^[0-9]+-[0-9]+(\.[0-9]+)*$/.test(name));
  return names.flatMap((name) => deviceAt(name, source)).sort((a, b) => naturally(a.text, b.text));
}

function deviceAt(name: string, source: SystemSource): UsbDevice[] {
  const read = (attribute: string) => cleanText(source.readText(`${folder}/${name}/${attribute}`) ?? '');
  const [vendor, product] = [read('idVendor'), read('idProduct')];
  const [bus, device] = [read('busnum'), read('devnum')];
  if (![vendor, product].every((id) => /^[0-9a-f]{4}$/.test(id))) return [];
  const words = [read('manufacturer'), read('product')].filter((word) => word !== '');
  const place = `Bus ${bus.padStart(3, '0')} Device ${device.padStart(3, '0')}`;
  return [{ name, text: `${place}: ID ${vendor}:${product} ${words.join(' ')}`.trimEnd() }];
}
