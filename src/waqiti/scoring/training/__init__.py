"""Training: from labelled movements in a stream to a model artifact and its figures on later days."""

from waqiti.scoring.training.files import read_csv
from waqiti.scoring.training.innocence import Verdict, judge
from waqiti.scoring.training.samples import Sample, TrainingDataError
from waqiti.scoring.training.split import Period
from waqiti.scoring.training.train import Options, Trained, train

__all__ = ["Options", "Period", "Sample", "Trained", "TrainingDataError", "Verdict", "judge", "read_csv", "train"]
