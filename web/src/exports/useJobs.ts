import { useEffect, useState } from "preact/hooks";
import type { Job } from "./jobs";
import type { ExportRunner } from "./runner";

export function useJobs(runner: ExportRunner): readonly Job[] {
  const [jobs, setJobs] = useState(runner.jobs);
  useEffect(() => {
    setJobs(runner.jobs);
    return runner.subscribe(() => setJobs(runner.jobs));
  }, [runner]);
  return jobs;
}
