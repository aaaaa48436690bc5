// One URL into one file, come what may: broken connections are continued, an interrupted run by the next one, and the
// bytes that a reader of the growing file may have seen never change.

import type { WebClient } from './ask.js';
import type { DownloadRequest } from './download-request.js';
import { PartialFile } from './partial-file.js';
import { patient, persist } from './persist.js';
import type { Remote } from './remote.js';
import { Transfer } from './transfer.js';
import { parseAddress, shownUrl } from './web-address.js';

export type { DownloadRequest } from './download-request.js';

/**
 * Downloads. The file and its state stay in every ending, so that another call continues, or asks whether there is
 * anything new; whoever needs them no more removes both.
 * @throws PiburnError `URL_INVALID`, `DOWNLOAD_MISSING`, `DOWNLOAD_FORBIDDEN`, `DOWNLOAD_REFUSED`, `DOWNLOAD_INSECURE`,
 * `DOWNLOAD_REDIRECTS`, `DOWNLOAD_TLS`, `DOWNLOAD_PROXY`, `DOWNLOAD_UNREACHABLE`, `DOWNLOAD_BROKEN`, `DOWNLOAD_SERVER`,
 * `DOWNLOAD_LENGTH`, `DOWNLOAD_TOO_LARGE`, `DOWNLOAD_CHANGED`, `STORE_FULL`, `INTERRUPTED`, or an errno of the file.
 */
export async function download(
  client: WebClient,
  request: DownloadRequest,
): Promise<Remote & { readonly sizeBytes: number }> {
  try {
    const remote = await fetchWhole(client, request);
    request.growth.finish('complete');
    return remote;
  } catch (error) {
    request.growth.finish('failed');
    throw error;
  }
}

async function fetchWhole(client: WebClient, request: DownloadRequest) {
  const { url } = parseAddress(request.url);
  const file = await PartialFile.open(request.path);
  const transfer = new Transfer(client, request, url.href, file);
  try {
    await transfer.recall();
    await persist(() => transfer.attempt(), {
      shown: shownUrl(url),
      patience: { ...patient, ...request.patience },
      cancelled: request.cancelled,
      onTrouble: request.onTrouble,
      progress: () => request.growth.availableBytes,
      where: () => transfer.where(),
    });
    return await transfer.finish();
  } catch (error) {
    await transfer.keep(error);
    throw error;
  } finally {
    await file.close();
  }
}
