import type { Progress } from "../contract";

/** Of several files, how many are done; of one, that it goes on. */
export function ProgressBar({ progress }: { progress: Progress | null | undefined }) {
  const files = progress && progress.files_planned > 1 ? progress : null;
  return (
    <progress
      aria-label="The export is under way"
      {...(files ? { max: files.files_planned, value: files.files_done } : {})}
    />
  );
}
