"""The tasks of the test, and who sends them: `python3 work.py COUNT SECONDS`. Each task notes its begin and its end."""
import os
import sys
import time

from celery import Celery

app = Celery("work", broker=os.environ["BROKER"])
app.conf.update(
    # The platform's AWS door is plain HTTP here.
    broker_transport_options={
        "region": "us-east-1",
        "is_secure": False,
        "visibility_timeout": int(os.environ["VISIBILITY"]),
        "wait_time_seconds": 2,
        "polling_interval": 0.1,
    },
    task_default_queue=os.environ["QUEUE"],
    task_ignore_result=True,
    # Deleted when it is done, so that the work of a killed worker is done by another one.
    task_acks_late=True,
    worker_prefetch_multiplier=1,
)


def note(*words):
    """One line in the file that all share: a write this short is one piece."""
    line = " ".join([*map(str, words), os.environ.get("WORKER", "-"), f"{time.time():.3f}"]) + "\n"
    file = os.open(os.environ["NOTES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line.encode())
    os.close(file)


@app.task(name="work")
def work(number, seconds):
    note("begin", number)
    time.sleep(seconds)
    note("end", number)


if __name__ == "__main__":
    for number in range(int(sys.argv[1])):
        work.delay(number, float(sys.argv[2]))
