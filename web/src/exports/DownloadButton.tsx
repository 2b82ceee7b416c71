import { useState } from "preact/hooks";
import { type Api, asApiError } from "../api";
import { openDownload } from "./runner";

/** Downloads with a link made for this moment: those from before may have run out. */
export function DownloadButton({ api, id, label }: { api: Api; id: string; label: string }) {
  const [failure, setFailure] = useState<string | null>(null);
  const download = async () => {
    setFailure(null);
    try {
      openDownload(await api.export(id));
    } catch (error) {
      const { title, detail } = asApiError(error);
      setFailure(`${title}. ${detail}`);
    }
  };
  return (
    <>
      <button type="button" onClick={() => void download()}>
        {label}
      </button>
      {failure && (
        <span class="bad" role="alert">
          {failure}
        </span>
      )}
    </>
  );
}
