/** Downloads, one after the other. */

import type { ExportFile } from "../contract";

/** A download is a navigation until its answer is there: the next one would put an end to it. */
const APART_MS = 2000;

export class Downloads {
  private waiting: ExportFile[] = [];
  private isBusy = false;

  constructor(private readonly begin: (file: ExportFile) => void) {}

  /** Downloads files that have just got their URLs, before those that wait already. */
  add(files: ExportFile[]): void {
    this.waiting = [...files, ...this.waiting];
    if (!this.isBusy) this.next();
  }

  private next(): void {
    const file = this.waiting.shift();
    this.isBusy = file !== undefined;
    if (!file) return;
    this.begin(file);
    setTimeout(() => this.next(), APART_MS);
  }
}

/** Begins a download; the file's answer is an attachment, so the page stays. */
function open({ name, download_url }: ExportFile): void {
  if (!download_url) return;
  const link = document.createElement("a");
  link.href = download_url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}

export const downloads = new Downloads(open);
