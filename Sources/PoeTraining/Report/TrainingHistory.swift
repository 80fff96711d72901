/// One row of the training log.
package struct StepRecord: Sendable, Equatable {
    /// Steps taken, this one included.
    package var step: Int
    /// The epoch, from 1.
    package var epoch: Int
    /// Mean loss of the step with dropout, nats per token.
    package var loss: Double
    /// AdamW's learning rate.
    package var learningRate: Float
    /// Global norm of the gradient before clipping.
    package var gradientNorm: Double

    package init(step: Int, epoch: Int, loss: Double, learningRate: Float, gradientNorm: Double) {
        self.step = step
        self.epoch = epoch
        self.loss = loss
        self.learningRate = learningRate
        self.gradientNorm = gradientNorm
    }
}

/// What is known at the end of an epoch.
package struct EpochRecord: Sendable, Equatable {
    /// The epoch, from 1.
    package var epoch: Int
    /// Steps taken until its end.
    package var step: Int
    /// Mean loss of the epoch's steps with dropout, nats per token.
    package var trainingLoss: Double
    /// The validation loss after it, nats per token; nil without a validation text.
    package var validationLoss: Double?
    /// The same in nats per character.
    package var validationNatsPerCharacter: Double?

    package init(
        epoch: Int, step: Int, trainingLoss: Double, validationLoss: Double? = nil,
        validationNatsPerCharacter: Double? = nil
    ) {
        self.epoch = epoch
        self.step = step
        self.trainingLoss = trainingLoss
        self.validationLoss = validationLoss
        self.validationNatsPerCharacter = validationNatsPerCharacter
    }

    /// What is compared to find the best epoch: the validation loss where there is one.
    package var score: Double { validationLoss ?? trainingLoss }
}

/// The losses of a training so far: what `train.csv` and the loss curve show.
package struct TrainingHistory: Sendable, Equatable {
    /// Steps in order; of a long training only some.
    package var steps: [StepRecord] = []
    /// Epochs in order.
    package var epochs: [EpochRecord] = []

    package init() {}

    /// The epoch with the lowest validation loss, or training loss where nothing is validated; the first
    /// of equals.
    package var best: EpochRecord? {
        epochs.min { $0.score < $1.score }
    }

    /// The log as comma-separated values: a row a step, and the epoch's figures in its last row.
    package var csv: String {
        var text =
            "step,epoch,loss,learning_rate,gradient_norm,epoch_loss,validation_loss,"
            + "validation_nats_per_character\n"
        let ends = Dictionary(epochs.map { ($0.step, $0) }) { first, _ in first }
        for row in steps {
            text += "\(row.step),\(row.epoch),\(row.loss),\(row.learningRate),\(row.gradientNorm)"
            let end = ends[row.step]
            for value in [
                end?.trainingLoss, end?.validationLoss, end?.validationNatsPerCharacter,
            ] {
                text += "," + (value.map { "\($0)" } ?? "")
            }
            text += "\n"
        }
        return text
    }

    /// Reads back the rows that ``csv`` wrote, up to and with `lastStep`; a damaged row ends the
    /// reading, since the log is for people and a training does not depend on it.
    package init(csv: String, through lastStep: Int) {
        for line in csv.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count == 8, let step = Int(fields[0]), step <= lastStep,
                let epoch = Int(fields[1]), let loss = Double(fields[2]),
                let rate = Float(fields[3]), let norm = Double(fields[4])
            else { return }
            steps.append(
                StepRecord(
                    step: step, epoch: epoch, loss: loss, learningRate: rate, gradientNorm: norm))
            if let epochLoss = Double(fields[5]) {
                epochs.append(
                    EpochRecord(
                        epoch: epoch, step: step, trainingLoss: epochLoss,
                        validationLoss: Double(fields[6]),
                        validationNatsPerCharacter: Double(fields[7])))
            }
        }
    }
}
