// What the tests of fetching share: a small image, served in an OS list by a web server of the test's own.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext } from 'node:test';
import { type ListedImage, latestLiteTag, makeOsList } from '../fixtures/os-list.js';
import { makePiImage, type PiImageLayout } from '../fixtures/pi-image.js';
import { type Route, startWebServer, type WebServer } from '../fixtures/web-server.js';
import { type Workplace, workplace } from './support.js';

export const latest = latestLiteTag();
export const imagePath = `/images/${latest}.img.xz`;

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** One image for all tests of a file. */
export interface Published {
  /** The raw image. */
  readonly path: string;
  readonly layout: PiImageLayout;
  readonly archive: Buffer;
  readonly imageSha256: string;
  readonly imageBytes: number;
}

/** Makes the image before the tests of a file, and removes it after them; call at the top of the file. */
export function publishedImage(): () => Published {
  const folder = mkdtempSync(join(tmpdir(), 'piburn-web-'));
  let made: Published | undefined;
  before(async () => {
    const path = join(folder, 'pi.img');
    const layout = await makePiImage(path, 'trixie', { bootMb: 36, rootMb: 24, files: true });
    execFileSync('xz', ['--keep', '-0', '--block-size=4MiB', path]);
    const archive = readFileSync(`${path}.xz`);
    made = { path, layout, archive, imageSha256: sha256(readFileSync(path)), imageBytes: statSync(path).size };
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  return () => {
    if (made === undefined) throw new Error('the image is made before the tests');
    return made;
  };
}

export interface Online extends Workplace {
  readonly server: WebServer;
  /** Of the list. */
  readonly repo: string;
  /** Requests for the image itself that have come so far, other than HEAD. */
  asked(): WebServer['requests'];
}

/** A workplace whose PIBURN_REPO is a realistic list on a server of its own, with the image as its newest Lite. */
export async function online(
  t: TestContext,
  image: Published,
  route: Route = {},
  listed: Partial<ListedImage> = {},
): Promise<Online> {
  const place = workplace(t);
  const server = await startWebServer(t, {});
  const facts = {
    url: `${server.url}${imagePath}`,
    archiveBytes: image.archive.length,
    imageBytes: image.imageBytes,
    imageSha256: image.imageSha256,
    ...listed,
  };
  const list = makeOsList({ baseUrl: server.url, images: { [latest]: facts } });
  for (const [path, content] of list.files) server.routes[path] = { content };
  server.routes[imagePath] = { content: image.archive, ...route };
  const env = { PIBURN_REPO: list.url };
  return {
    ...place,
    server,
    repo: list.url,
    asked: () => server.requests.filter(({ method, path }) => method === 'GET' && path.startsWith('/images/')),
    piburn: (args, options = {}) => place.piburn(args, { ...options, env: { ...env, ...options.env } }),
  };
}
