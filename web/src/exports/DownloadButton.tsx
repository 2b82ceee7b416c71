import { useState } from "preact/hooks";
import { type Api, asApiError } from "../api";
import { downloads } from "./downloads";

interface Props {
  api: Api;
  id: string;
  label: string;
  /** The name of one of its files; all of them without. */
  file?: string;
  /** The label, told apart from others beside it. */
  title?: string;
}

/** Downloads with links made for this moment: those from before may have run out. */
export function DownloadButton({ api, id, label, file, title }: Props) {
  const [failure, setFailure] = useState<string | null>(null);
  const download = async () => {
    setFailure(null);
    try {
      const { files } = await api.export(id);
      downloads.add(files.filter(({ name }) => file === undefined || name === file));
    } catch (error) {
      const { title, detail } = asApiError(error);
      setFailure(`${title}. ${detail}`);
    }
  };
  return (
    <>
      <button type="button" aria-label={title} onClick={() => void download()}>
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
